import { WebSocket } from 'ws';

/** Ms. */
const answerTimeout = 6_000;

/**
 * One connection: the frames of Engine.IO and Socket.IO that a client needs, on a plain WebSocket.
 * `events`: connected(), event(name, args), closed(refusal or null); each is called in the order of the frames.
 */
export function openConnection(url, auth, events) {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/socket.io/?EIO=4&transport=websocket`, {
    perMessageDeflate: false,
    handshakeTimeout: 5_000,
  });
  const answers = new Map();
  let lastId = 0;
  let isClosed = false;
  let patience = setTimeout(() => end(null), 5_000);
  const end = refusal => {
    if (isClosed) return;
    isClosed = true;
    clearTimeout(patience);
    socket.terminate();
    events.closed(refusal);
  };
  /** The server sends a ping every `pingInterval` ms; without one the connection is dead. */
  const expectPing = ms => {
    clearTimeout(patience);
    patience = setTimeout(() => end(null), ms);
  };
  let pingTimeout = 10_000;
  const handlers = {
    0: json => {
      const { pingInterval, pingTimeout: grace } = JSON.parse(json);
      pingTimeout = pingInterval + grace;
      socket.send(`40${JSON.stringify(auth)}`);
    },
    1: () => end(null),
    2: () => {
      expectPing(pingTimeout);
      socket.send('3');
    },
    40: () => expectPing(pingTimeout),
    41: () => end(null),
    42: json => {
      const [name, ...args] = JSON.parse(json);
      events.event(name, args);
    },
    43: json => {
      const [, id, args] = /^(\d+)(.*)$/s.exec(json);
      const answer = answers.get(id);
      answers.delete(id); // a second answer to the same request finds no one
      answer?.(JSON.parse(args)[0]);
    },
    44: json => end(JSON.parse(json).data ?? { code: 'unavailable' }),
  };
  socket.on('message', data => {
    const text = data.toString();
    const type = text[0] === '4' ? text.slice(0, 2) : text[0];
    if (!isClosed) handlers[type]?.(text.slice(type.length));
  });
  socket.on('error', () => end(null));
  socket.on('close', () => end(null));
  return {
    send: (name, body) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(`42${JSON.stringify([name, body])}`);
    },
    /** `answer` is called once; never if the connection closes before. A missing answer counts as `unavailable`. */
    request: (name, body, answer) => {
      const id = String(++lastId);
      answers.set(id, answer);
      if (socket.readyState === WebSocket.OPEN) socket.send(`42${id}${JSON.stringify([name, body])}`);
      setTimeout(() => {
        if (!isClosed && answers.delete(id)) answer({ ok: false, code: 'unavailable' });
      }, answerTimeout).unref();
    },
    close: () => {
      isClosed = true;
      clearTimeout(patience);
      socket.close();
      answers.clear();
    },
  };
}
