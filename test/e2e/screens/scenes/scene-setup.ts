import type { Browser, Page } from 'playwright-core';
import { connect, type Client, type Room } from '../../../../client/index.ts';
import { until } from '../../../../tools/until.ts';
import type { DefOf } from '../../../../shared/contract.ts';
import type { fourInARow } from '../../../../shared/games/four-in-a-row/contract.ts';
import { openPage, type Visitor, type VisitorOptions } from '../../browser/browser.ts';

/** A screen of the page, and how to come to see it. */
export interface Scene {
  /** As it is called in files and reports. */
  readonly name: string;
  /** Brings it about; what it opens is closed by the stage. */
  open(stage: SceneSetup): Promise<Visitor>;
  /** Before each look at it: what does not last is brought about again. */
  readonly again?: (page: Page) => Promise<void>;
  /** What the console may say there. Nothing, where this is missing. */
  readonly complaints?: RegExp;
  /** A scene that is made of the same parts: this one is looked at by `npm run screens:all` alone. */
  readonly like?: string;
  /** It takes a match to come to: who walks through all scenes begins with these. */
  readonly slow?: true;
  /** Only a page on this machine shows it. */
  readonly local?: true;
}

export interface SceneSetupOptions {
  /** Where the page is. */
  url: string;
  /** A node's own address, with the page for authors at /dev: nginx does not pass it on. */
  nodeUrl?: string;
  /** What opens the cluster's control, where there is one: a window with the panel comes by the link that has it. */
  control?: string;
  /** With which the nodes sign guests' tokens. */
  secret: string;
}

/** What one scene is made with: windows, and players who have none. */
export class SceneSetup {
  private readonly visitors: Visitor[] = [];
  private readonly friends: Client[] = [];

  constructor(
    private readonly browser: Browser,
    readonly options: SceneSetupOptions,
  ) {}

  /**
   * Opens a window. `at`: the part of the address behind the #. The cluster's panel is closed unless it is asked for.
   */
  async visit({
    at = '/',
    panel = false,
    ...options
  }: VisitorOptions & { at?: string; panel?: boolean } = {}): Promise<Visitor> {
    const place = panel && at === '/' && this.options.control !== undefined ? `/control/${this.options.control}` : at;
    // Nothing moves: a picture is of the end of a movement, and half-transparent words have no contrast.
    const visitor = await openPage(this.browser, `${this.options.url}/#${place}`, {
      name: 'Ada',
      still: true,
      ...options,
      prepare: async context => {
        await context.addInitScript(open => {
          if (localStorage.getItem('rejoin.panel') === null)
            localStorage.setItem('rejoin.panel', open ? 'open' : 'closed');
        }, panel);
        await options.prepare?.(context);
      },
    });
    this.visitors.push(visitor);
    return visitor;
  }

  /** Opens the page for authors. `setup`: the part of the address from the # on. */
  async author(setup: string): Promise<Visitor> {
    const visitor = await openPage(this.browser, `${this.options.nodeUrl ?? this.options.url}/dev/${setup}`, {
      shows: setup === '' ? 'Open the room' : 'New room',
    });
    this.visitors.push(visitor);
    return visitor;
  }

  /** Somebody who plays with the client alone. */
  friend(name: string): Client {
    const client = connect(this.options.url, { name, storage: null });
    this.friends.push(client);
    return client;
  }

  /** @returns what all its windows have complained about */
  async close(): Promise<string[]> {
    for (const friend of this.friends.splice(0)) friend.close();
    const visitors = this.visitors.splice(0);
    await Promise.all([...new Set(visitors.map(({ context }) => context))].map(context => context.close()));
    return visitors.flatMap(({ consoleErrors }) => consoleErrors);
  }
}

/** Waits until a room is as wished. */
export const waitUntilTrue = (what: string, look: () => boolean): Promise<true> =>
  until(what, () => look() || undefined, { timeoutMs: 20_000, intervalMs: 20 });

type FourRoom = Room<DefOf<typeof fourInARow>>;

/**
 * A page and a friend drop discs in turn, each into its own columns, one after the other.
 * @param enough asked before each disc
 */
export async function dropDiscs(
  page: Page,
  friend: FourRoom,
  columns: { page: readonly number[]; friend: readonly number[] },
  enough: (room: FourRoom) => boolean,
): Promise<void> {
  const next = { page: 0, friend: 0 };
  await waitUntilTrue('the match is on', () => friend.info.phase === 'playing' && friend.state !== null);
  while (friend.info.phase === 'playing' && !enough(friend)) {
    const { moves, turn } = friend.state!;
    const who = turn === friend.seat ? 'friend' : 'page';
    const column = columns[who][next[who]++]!;
    if (who === 'friend') await friend.act.drop({ column: column - 1 });
    else {
      await page.locator('[data-testid="board"]:not([data-hand=""])').waitFor();
      await page.getByTestId(`column-${column}`).click();
    }
    await waitUntilTrue('the disc has fallen', () => friend.state!.moves > moves || friend.info.phase !== 'playing');
  }
  await page.locator(`[data-testid="board"][data-discs="${friend.state!.moves}"]`).waitFor();
}
