/** A game to start from. */
export interface GameTemplate {
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  /** What the README says about the game. */
  readonly about: string;
}
/** How the page is written. */
export interface PageTemplate {
  readonly name: string;
  readonly summary: string;
  /** The module that index.html loads. */
  readonly entry: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export const games: readonly GameTemplate[] = [
  {
    name: 'turn-based',
    title: 'Five in a Row',
    summary: 'Five in a Row: two players, a turn clock, a bot',
    about:
      'Two players place stones on a board of 9 × 9. The first with five in a row wins. A player who takes longer than 30 seconds for a turn loses.',
  },
  {
    name: 'hidden-cards',
    title: 'Six Tricks',
    summary: 'Six Tricks: a trick-taking card game for 2 to 4 players, with hidden hands',
    about:
      'Each of 2 to 4 players gets six cards that nobody else sees. Players follow suit if they can; trumps beat other suits. The most tricks win.',
  },
  {
    name: 'real-time',
    title: 'Gem Rush',
    summary: 'Gem Rush: 2 to 6 players collect gems, 20 ticks a second, with prediction',
    about:
      'Between 2 and 6 players move at the same time and collect gems. The first with 15 gems wins. Players can join a match that is running.',
  },
];

export const pages: readonly PageTemplate[] = [
  {
    name: 'vanilla',
    summary: 'TypeScript without a framework',
    entry: 'main.ts',
    dependencies: {},
    devDependencies: {},
  },
  {
    name: 'react',
    summary: 'React',
    entry: 'main.tsx',
    dependencies: { react: '19.3.1', 'react-dom': '19.3.1' },
    devDependencies: { '@types/react': '19.3.0', '@types/react-dom': '19.3.0', '@vitejs/plugin-react': '6.3.0' },
  },
];

/** Dependencies of all projects, without Rejoin itself. */
export const dependencies: Readonly<Record<string, string>> = { tsx: '4.23.15', zod: '4.6.7' };
export const devDependencies: Readonly<Record<string, string>> = {
  '@types/node': '20.19.43',
  typescript: '7.0.2',
  vite: '8.3.8',
};

/** A combination of a game and a page. */
export interface Template {
  readonly name: string;
  readonly game: GameTemplate;
  readonly page: PageTemplate;
}

/** All combinations. The first one is the default. */
export const templates: readonly Template[] = games.flatMap(game =>
  pages.map(page => ({ name: `${game.name}-${page.name}`, game, page })),
);
