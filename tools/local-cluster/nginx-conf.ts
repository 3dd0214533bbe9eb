/**
 * The repository's nginx.conf with another listen port. Throws unless exactly one line with the port is found, because
 * the file may have been edited.
 */
export function withListenPort(conf: string, port: number): string {
  const line = /^([ \t]*listen[ \t]+)8080\b/gm;
  const found = conf.match(line)?.length ?? 0;
  if (found !== 1) {
    throw new Error(
      `nginx.conf: expected one line "listen 8080 …", found ${found}; the local cluster replaces that port`,
    );
  }
  return conf.replace(line, `$1${port}`);
}

/** The list of nodes at these ports on this machine, with the server settings of the repository's list. */
export function nodesConf(shipped: string, ports: readonly number[]): string {
  const settings = /^server 127\.0\.0\.1:\d+(.*);/m.exec(shipped)?.[1];
  if (settings === undefined) throw new Error('nginx.nodes.conf: expected a line "server 127.0.0.1:<port> …;"');
  return ports.map(port => `server 127.0.0.1:${port}${settings};\n`).join('');
}

/**
 * How nginx routes players to nodes, see docs/routing.md: by address, by room, or to any node. The last only works with
 * WebSockets.
 */
export const ROUTINGS = ['address', 'room', 'least_conn', 'random'] as const;
export type Routing = (typeof ROUTINGS)[number];

/** The repository's nginx.conf with this routing, changed as an operator would. The original routes by address. */
export function withRouting(conf: string, routing: Routing): string {
  switch (routing) {
    case 'address':
      return conf;
    case 'room':
      return replaceOnce(
        replaceOnce(conf, /^( *)('' '';.*ROUTING BY ADDRESS.*)$/gm, '$1# $2'),
        /^( *)# ('' \$arg_room;.*ROUTING BY ROOM.*)$/gm,
        '$1$2',
      );
    case 'least_conn':
      return replaceOnce(conf, /^( *)ip_hash;$/gm, '$1least_conn;');
    case 'random':
      return replaceOnce(conf, /^( *)ip_hash;$/gm, '$1random two least_conn;');
  }
}

/** The nginx.conf with the page for authors open to everybody who reaches nginx. */
export function withDevPage(conf: string): string {
  return replaceOnce(conf, /^( *location ~\* \/\(metrics\|operator)\|dev(\)\(\/\|\$\) \{)$/gm, '$1$2');
}

function replaceOnce(conf: string, line: RegExp, by: string): string {
  const found = conf.match(line)?.length ?? 0;
  if (found !== 1)
    throw new Error(`nginx.conf: expected one line like ${String(line)}, found ${found}; the local cluster changes it`);
  return conf.replace(line, by);
}
