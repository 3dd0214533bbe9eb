/** What the node tells a page about the server. */
export interface Config {
  clustered: boolean;
  /** Where this machine's cluster can be disturbed; null where there is no such thing. */
  controlPort: number | null;
  /** The address under which others in the network reach this server. */
  lan: string | null;
}

export async function readConfig(): Promise<Config> {
  try {
    const said = (await (await fetch('config.json')).json()) as Partial<Config>;
    return { clustered: said.clustered === true, controlPort: said.controlPort ?? null, lan: said.lan ?? null };
  } catch {
    return { clustered: false, controlPort: null, lan: null }; // a server under repair: the page works without
  }
}

export const onThisMachine = (): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);

/** The origin to put into links for others; null when nobody but this machine could follow them. */
export function originForOthers(config: Config): string | null {
  if (!onThisMachine()) return location.origin;
  return config.lan;
}
