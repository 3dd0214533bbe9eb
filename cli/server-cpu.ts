/** CPU time of all nodes together so far, or why it is not known. */
export type CpuSeconds =
  | { readonly ok: true; readonly seconds: number; readonly nodes: number }
  | { readonly ok: false; readonly why: string };

const TIMEOUT_MS = 5_000;

/** Reads the metrics of every node. */
export async function cpuSecondsOf(urls: readonly string[]): Promise<CpuSeconds> {
  try {
    const all = await Promise.all(urls.map(readOne));
    return { ok: true, seconds: all.reduce((sum, one) => sum + one, 0), nodes: urls.length };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}

async function readOne(url: string): Promise<number> {
  const token = process.env['METRICS_TOKEN'];
  const response = await fetch(url, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const seconds = /^process_cpu_seconds_total(?:\{[^}]*\})? (\S+)$/m.exec(await response.text())?.[1];
  if (seconds === undefined) throw new Error(`${url} has no process_cpu_seconds_total`);
  return Number(seconds);
}
