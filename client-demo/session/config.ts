/** The server's configuration of the page. */
export interface Config {
  clustered: boolean;
  /** Port of the cluster control on this machine; null if there is none. */
  controlPort: number | null;
  /** Address of this server for other devices in the network; null if unknown. */
  lan: string | null;
}

export async function readConfig(): Promise<Config> {
  try {
    const said = (await (await fetch('config.json')).json()) as Partial<Config>;
    return { clustered: said.clustered === true, controlPort: said.controlPort ?? null, lan: said.lan ?? null };
  } catch {
    return { clustered: false, controlPort: null, lan: null }; // the node does not answer: defaults
  }
}

export const onThisMachine = (): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);

/** Origin for links to share; null if other devices could not open them. */
export function originForOthers(config: Config): string | null {
  if (!onThisMachine()) return location.origin;
  return config.lan;
}
