import { createServer, type RunningServer } from 'rejoin/server';
import type { Plugin, ViteDevServer } from 'vite';

/** The game's server, inside of Vite's: one address for both. In production it is `rejoin start`: see package.json. */
export function gameServer(): Plugin {
  let vite: ViteDevServer;
  let server: RunningServer;

  async function loadGames() {
    const rules = (await vite.ssrLoadModule('/game/rules.ts')) as typeof import('./game/rules.ts');
    return [rules.game];
  }

  return {
    name: 'game-server',
    apply: 'serve',

    async configureServer(started) {
      vite = started;
      server = await createServer({ games: await loadGames(), http: vite.httpServer as never, dev: true });
      vite.middlewares.use('/rejoin', server.routes); // the page for authors: /rejoin/dev/
    },

    /** Saved rules replace the old ones while matches go on. Rules that cannot be loaded change nothing. */
    hotUpdate({ modules }) {
      if (this.environment.name !== 'ssr' || modules.length === 0) return;
      server.reload(loadGames).then(
        ({ rooms }) => vite.config.logger.info(`rules replaced in ${rooms} rooms`, { timestamp: true }),
        (error: Error) => vite.config.logger.error(`rules not replaced: ${error.message}`, { timestamp: true }),
      );
    },

    closeBundle: () => server?.close(),
  };
}
