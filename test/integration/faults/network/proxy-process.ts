/**
 * All links of a lab, in a process of their own: who plays, records or kills must not be what makes the network slow.
 */
import { Link, type LinkConditions } from './link.ts';

/** What the lab asks of this process; each is answered by its `id`. */
export type ProxyRequest = { id: number } & (
  | { do: 'open'; link: string; target: number }
  | { do: 'set'; link: string; weather: LinkConditions }
  | { do: 'cut'; link: string }
  | { do: 'lose-reply'; link: string; needle: string; within: number }
);
export interface ProxyResponse {
  id: number;
  value?: number | boolean;
  error?: string;
}

const links = new Map<string, Link>();

async function carryOut(ask: ProxyRequest): Promise<number | boolean> {
  if (ask.do === 'open') {
    const made = await Link.to(ask.target);
    links.set(ask.link, made);
    return made.port;
  }
  const link = links.get(ask.link);
  if (!link) throw new Error(`there is no link ${ask.link}`);
  switch (ask.do) {
    case 'set':
      await link.setConditions(ask.weather);
      return true;
    case 'cut':
      link.cut();
      return true;
    case 'lose-reply': {
      const late = new Promise<false>(resolve => {
        setTimeout(() => resolve(false), ask.within).unref();
      });
      const lost = await Promise.race([link.loseReply(ask.needle).then(() => true as const), late]);
      if (!lost) link.forgetReply();
      return lost;
    }
  }
}

process.on('message', (ask: ProxyRequest) => {
  carryOut(ask).then(
    value => process.send!({ id: ask.id, value } satisfies ProxyResponse),
    (error: unknown) => process.send!({ id: ask.id, error: String(error) } satisfies ProxyResponse),
  );
});
process.on('disconnect', () => process.exit(0));
// A socket that breaks is what this process is for; a mistake in it must be seen.
process.on('uncaughtException', error => {
  process.stderr.write(`proxy: ${error.stack ?? error.message}\n`);
  process.exit(70);
});
