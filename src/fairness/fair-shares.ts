// Fair shares of a limited resource: the holder of most loses an item first, so that no holder can use up the others'
// share. Holders are identified by a path of keys (a topic, then a token, then an address): the first key under which
// most is held is found, within it the second, and so on.

interface Node<T> {
  count: number;
  /** By the next key; the end of the path has {@link items} instead. */
  readonly children: Map<string, Node<T>>;
  readonly items: Set<T>; // oldest first
}

/** Items by holder. */
export class FairShares<T> {
  readonly #root: Node<T> = newNode();

  get size(): number {
    return this.#root.count;
  }

  /** Adds an item of a holder. Each item has one holder, and all paths have the same length. */
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

  /** Removes an item of a holder; no effect if it is not there. */
  delete(path: readonly string[], item: T): void {
    if (!this.#find(path)?.items.delete(item)) return;
    let node = this.#root;
    node.count--;
    for (const key of path) {
      const child = node.children.get(key);
      if (!child) return;
      if (--child.count === 0) node.children.delete(key);
      node = child;
    }
  }

  /** The oldest item of the holder of most; null: there are no items. */
  oldestOfLargest(): T | null {
    let node = this.#root;
    for (let most = heaviest(node); most; most = heaviest(node)) [, node] = most;
    const [oldest = null] = node.items;
    return oldest;
  }

  /** The items of the holders of most, of which there may be several. */
  largest(): T[] {
    let nodes = [this.#root];
    for (;;) {
      const children = nodes.flatMap((node) => [...node.children.values()]);
      if (children.length === 0) return nodes.flatMap(({ items }) => [...items]); // all paths have the same length
      const most = children.reduce((found, { count }) => Math.max(found, count), 0);
      nodes = children.filter(({ count }) => count === most);
    }
  }

  /**
   * As {@link largest}, to remove one in favour of a newcomer; null if that would only reverse the inequality, because
   * the
   * newcomer's holder would then have more than the other. The first key in which they differ decides.
   */
  largestFor(path: readonly string[]): T[] | null {
    let node = this.#root;
    for (const key of path) {
      const found = heaviest(node);
      if (!found) return null;
      const [mostKey, most] = found;
      if (mostKey !== key) return most.count >= (node.children.get(key)?.count ?? 0) + 2 ? this.largest() : null;
      node = most;
    }
    return null; // the newcomer's own holder has most
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

/** The child under which most is held, of several the first; null: there are no children. */
function heaviest<T>(node: Node<T>): [string, Node<T>] | null {
  let found: [string, Node<T>] | null = null;
  for (const entry of node.children) if (!found || entry[1].count > found[1].count) found = entry;
  return found;
}
