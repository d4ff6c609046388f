// Headless Chromium (Debian's), and what a test reads of a player's page: picture, sound, console errors.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterTest } from '../cleanup.js';
import { until } from '../wait.js';

const CHROMIUM = '/usr/bin/chromium';
const WITNESS = fileURLToPath(new URL('witness.js', import.meta.url));
const ARGS = [
  '--no-sandbox', // tests run as root
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=document-user-activation-required', // as people have it
];

/** Options of the browser in addition to its window size. */
export interface BrowserOptions {
  readonly args?: readonly string[];
  readonly ignoreHTTPSErrors?: boolean;
}

/** A browser with a fresh profile, closed after the test. */
export async function openBrowser(
  viewport = { width: 1000, height: 640 },
  { args = [], ignoreHTTPSErrors = false }: BrowserOptions = {},
): Promise<BrowserContext> {
  if (!existsSync(CHROMIUM)) throw new Error(`this test needs ${CHROMIUM}: scripts/test-setup installs it`);
  const profile = mkdtempSync(join(tmpdir(), 'vw-chromium-'));
  const options = {
    ...{ executablePath: CHROMIUM, headless: true, viewport, ignoreHTTPSErrors },
    args: [...ARGS, ...args],
  };
  const context = await chromium.launchPersistentContext(profile, options);
  afterTest(async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  });
  await context.addInitScript({ path: WITNESS });
  return context;
}

/** A player's page, with its console output. */
export class PlayerPage {
  readonly complaints: string[] = [];

  private constructor(readonly page: Page) {
    page.on('console', (message) => {
      const isOurs = !message.text().includes('GL Driver Message'); // said of how a test reads pictures back
      if (['warning', 'error'].includes(message.type()) && isOurs) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  static async open(context: BrowserContext, url: string): Promise<PlayerPage> {
    const one = new PlayerPage(await context.newPage());
    await one.page.goto(url);
    return one;
  }

  /** Waits until the page is in this state. */
  async isIn(state: string, withinMs = 15_000): Promise<void> {
    await this.page.waitForSelector(`#player[data-state="${state}"]`, { timeout: withinMs }).catch(async () => {
      throw new Error(`the player is not "${state}" but ${await this.describe()}`);
    });
  }

  /** Waits until `count` more pictures have been seen that differ from the one before and are not black. */
  async moves(count = 10, withinMs = 15_000): Promise<void> {
    const found = await this.page.evaluate<number>(`witness.countPictures(${count}, ${withinMs})`);
    if (found < count) throw new Error(`${found} of ${count} pictures seen; ${await this.describe()}`);
  }

  /** Waits until the element `id` has a matching text. */
  async says(id: string, message: RegExp, withinMs = 10_000): Promise<void> {
    const text = () => this.page.locator(`#${id}`).innerText();
    await until(`#${id} says ${String(message)}`, async () => message.test(await text()), withinMs).catch(
      async (error: unknown) => {
        throw new Error(`${(error as Error).message}; ${await this.describe()}`);
      },
    );
  }

  /** Bytes of sound that the browser or jsmpeg has decoded so far. */
  decodedSound(): Promise<number> {
    return this.page.evaluate<number>('witness.decodedSound()');
  }

  /** From now on frames without a picture are counted. */
  async watchForBlack(): Promise<void> {
    await this.page.evaluate('witness.watchForBlack()');
  }

  blackFrames(): Promise<number> {
    return this.page.evaluate<number>('witness.blackFrames');
  }

  /** What the page's Content Security Policy has blocked. */
  violations(): Promise<string[]> {
    return this.page.evaluate<string[]>('witness.violations');
  }

  async describe(): Promise<string> {
    const text = await this.page.locator('#player').innerText();
    const state = await this.page.locator('#player').getAttribute('data-state');
    return `"${state}": ${text.replace(/\s+/g, ' ')}; ${this.complaints.join('; ')}`;
  }
}
