import { connect } from 'node:net';

/**
 * Sends one command to a Redis or sentinel and returns its reply as lines of text, without lengths. Enough for the
 * local cluster's own queries.
 * @throws when there is no reply within three seconds, or the reply is an error
 */
export function askRedis(url: string, words: readonly string[]): Promise<string> {
  const { hostname, port, username, password } = new URL(url);
  const login = [username, password].filter(word => word !== '').map(decodeURIComponent);
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect({ port: Number(port), host: hostname }, () => {
      for (const command of [['AUTH', ...login], words, ['PING', 'the-end']]) socket.write(encoded(command));
    });
    socket.setTimeout(3_000, () => socket.destroy(new Error('no answer')));
    socket.on('data', chunk => {
      reply += chunk.toString();
      if (!reply.endsWith('the-end\r\n')) return;
      const lines = reply
        .split('\r\n')
        .filter(line => !/^[$*]-?\d+$/.test(line))
        .slice(1, -2);
      const error = lines.find(line => line.startsWith('-'));
      socket.destroy(error === undefined ? undefined : new Error(error.slice(1)));
      if (error === undefined) resolve(lines.join('\n'));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed without an answer')));
  });
}

const encoded = (words: readonly string[]): string =>
  `*${words.length}\r\n${words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
