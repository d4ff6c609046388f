// Who holds how much of something that there is only so much of. Whoever holds most gives way first, so that nobody can
// use up the others' share. Holders are named by a path of keys (a topic, then a token, then an address): the first key
// under which most is held is found, in it the second, and so on.

interface Node<T> {
  count: number;
  /** By the next key; at the end of the path there are {@link items} instead. */
  readonly children: Map<string, Node<T>>;
  readonly items: Set<T>; // oldest first
}

/** Items with their holders. */
export class Shares<T> {
  readonly #root: Node<T> = newNode();

  get size(): number {
    return this.#root.count;
  }

  /** One more for a holder. Items are held once, and every path has the same length. */
  add(path: readonly string[], item: T): void {
    let node = this.#root;
    node.count++;
    for (const key of path) {
      let child = node.children.get(key);
      if (!child) node.children.set(key, (child = newNode()));
      child.count++;
      node = child;
    }
    node.items.add(item);
  }

  /** The holder has it no more. Nothing if it did not have it. */
  delete(path: readonly string[], item: T): void {
    if (!this.#find(path)?.items.delete(item)) return;
    let node = this.#root;
    node.count--;
    for (const key of path) {
      const child = node.children.get(key)!; // it was found just now
      if (--child.count === 0) node.children.delete(key);
      node = child;
    }
  }

  /** What the holder of most should give up first: the oldest; null: nobody holds anything. */
  oldestOfMost(): T | null {
    let node = this.#root;
    while (node.children.size > 0) [, node] = heaviest(node);
    const [oldest = null] = node.items;
    return oldest;
  }

  /** What the holders of most hold, who may be several. */
  ofMost(): T[] {
    let nodes = [this.#root];
    while (nodes[0]!.children.size > 0) {
      const children = nodes.flatMap((node) => [...node.children.values()]);
      const most = children.reduce((found, { count }) => Math.max(found, count), 0);
      nodes = children.filter(({ count }) => count === most);
    }
    return nodes.flatMap(({ items }) => [...items]);
  }

  /**
   * As {@link ofMost}, of which one is to give way to a newcomer; null where that would only turn the tables, because the
   * newcomer's holder would have more then than the other. The first key in which they differ decides.
   */
  ofMostFor(path: readonly string[]): T[] | null {
    let node = this.#root;
    for (const key of path) {
      const [mostKey, most] = heaviest(node);
      if (mostKey !== key) return most.count >= (node.children.get(key)?.count ?? 0) + 2 ? this.ofMost() : null;
      node = most;
    }
    return null; // it holds most itself
  }

  #find(path: readonly string[]): Node<T> | undefined {
    let node: Node<T> | undefined = this.#root;
    for (const key of path) node = node?.children.get(key);
    return node;
  }
}

function newNode<T>(): Node<T> {
  return { count: 0, children: new Map(), items: new Set() };
}

/** The child under which most is held, of several the first. */
function heaviest<T>(node: Node<T>): [string, Node<T>] {
  let found: [string, Node<T>] | undefined;
  for (const entry of node.children) if (!found || entry[1].count > found[1].count) found = entry;
  return found!; // asked of nodes with children only
}
