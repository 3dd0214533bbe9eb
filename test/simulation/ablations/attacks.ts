import { edit, type Ablation } from './ablation.ts';

const floods = 'test/integration/gateway/frame-limits.test.ts';
const table = 'test/unit/protocol/request-limits.test.ts';
const address = 'server/identity/address.ts';
const door = 'test/unit/connection-limiter.test.ts';
const joins = 'server/sessions/join-requests.ts';
const operators = 'test/integration/gateway/operator-routes.test.ts';

/** Hostile players: what they send, where they come from, and what is not for them. */
export const hostile: readonly Ablation[] = [
  {
    name: 'frames are not counted',
    why: 'pongs and fragments flood a node for nothing',
    hunt: { test: floods, grep: 'too many pong frames' },
    edits: [
      edit(
        'server/gateway/connection-limiter.ts',
        'Math.max(frames.count(chunk), chunk.length < limits.minFragmentBytes ? 1 : 0)',
        'frames.count(chunk.subarray(0, 0))',
      ),
    ],
  },
  {
    name: 'pings above the limit are answered',
    why: 'one piece of a stream costs a node 10,000 writes',
    hunt: { test: floods, grep: 'pings above the limit' },
    edits: [
      edit('server/gateway/connection-limiter.ts', `      if (budget.isExceeded) websocket.pong = () => {};\n`, ''),
    ],
  },
  {
    name: 'fragments are no frames',
    why: 'one message may be millions of frames',
    hunt: { test: floods, grep: 'wherever the stream is cut' },
    edits: [
      edit(
        'server/gateway/frame-counter.ts',
        `    this.payloadLeft = this.payloadLength;\n    return true;`,
        `    this.payloadLeft = this.payloadLength;\n    return this.payloadLength > 0;`,
      ),
    ],
  },
  {
    name: 'a WebSocket is observed when its session has moved to it',
    why: 'probes flood a node before',
    hunt: { test: floods, grep: 'floods before its session moves to it' },
    edits: [
      edit(
        'server/gateway/web-sockets.ts',
        '        opened(websocket, tcp);\n',
        `        if (!request.url?.includes('sid=')) opened(websocket, tcp);\n`,
      ),
    ],
  },
  {
    name: 'pieces of frames cost nothing',
    why: 'a node reads and keeps each byte by itself',
    hunt: { test: door, grep: 'byte by byte' },
    edits: [
      edit(
        'server/gateway/connection-limiter.ts',
        'chunk.length < limits.minFragmentBytes ? 1 : 0',
        'chunk.length < limits.minFragmentBytes ? 0 : 0',
      ),
    ],
  },
  {
    name: 'foreign scripts are let in',
    why: 'JSONP reaches where no page of another origin may',
    hunt: { test: 'test/integration/gateway/hostile.test.ts', grep: 'scripts of foreign pages' },
    edits: [edit('server/gateway/foreign-script.ts', `.has('j') ||`, `.has('none') ||`)],
  },
  {
    name: 'a hop that is no address is skipped',
    why: 'what the client wrote behind it is believed',
    hunt: { test: door, grep: 'first hop that is no address' },
    edits: [edit(address, 'if (hop === null) break;', 'if (hop === null) continue;')],
  },
  {
    name: 'a hop with a port is no address',
    why: 'all players behind such a proxy share one limit',
    hunt: { test: door, grep: 'first hop that is no address' },
    edits: [
      edit(
        address,
        'return plain !== undefined && isIP(plain) ? plain : null;',
        'return plain === undefined ? null : null;',
      ),
    ],
  },
  {
    name: 'a forwarded loopback has no address',
    why: 'a client that writes it has no limits',
    hunt: { test: door, grep: 'never nowhere for what a proxy forwards' },
    edits: [edit(address, '(isForwarded ? forwardedLoopback : null)', '(isForwarded ? null : null)')],
  },
  {
    name: 'no wider networks',
    why: 'a household has the limits of 256',
    hunt: { test: table, grep: 'share a wider allowance' },
    edits: [
      edit(
        'server/sessions/allowances.ts',
        'const wider = widerNetworksOf(address, limits.address.prefixMultiplier)',
        'const wider = widerNetworksOf(address, limits.address.prefixMultiplier).slice(2)',
      ),
    ],
  },
  {
    name: 'no budget of a node for wrong codes',
    why: 'codes are tried from thousands of addresses',
    hunt: { test: table, grep: 'wrong codes of all addresses together' },
    edits: [edit(joins, `const nodeWait = node.wait('wrongCodes', this.parts.clock.mono());`, 'const nodeWait = 0;')],
  },
  {
    name: 'lists have no limit of their own',
    why: 'over sockets they cost an address nothing',
    hunt: { test: table, grep: 'list: is refused' },
    edits: [
      edit(
        'server/sessions/request-limits.ts',
        `list: { always: ['requests', 'lists'] },`,
        `list: { always: ['requests'], sometimes: ['lists'] },`,
      ),
    ],
  },
  {
    name: 'requests cost the player alone',
    why: 'with enough guests an address asks as much as it likes',
    hunt: { test: table, grep: 'act: is refused' },
    edits: [
      edit(
        'server/sessions/request-limits.ts',
        'const wait = Math.max(allowance.wait(kind, now), address?.wait(kind, now) ?? 0);',
        'const wait = allowance.wait(kind, now);',
      ),
    ],
  },
  {
    name: 'paths in any case',
    why: 'a proxy that keeps /metrics lets /Metrics through',
    hunt: { test: operators, grep: 'exact path alone' },
    edits: [edit('server/http/app.ts', `  app.enable('case sensitive routing');\n`, '')],
  },
  {
    name: 'paths with a slash behind',
    why: 'a proxy that keeps /metrics lets /metrics/ through',
    hunt: { test: operators, grep: 'exact path alone' },
    edits: [edit('server/http/app.ts', `  app.enable('strict routing');\n`, '')],
  },
  {
    name: 'wrong tokens are not counted',
    why: 'they can be tried for ever',
    hunt: { test: operators, grep: '/metrics: wrong tokens' },
    edits: [edit('server/http/token-guard.ts', `        allowance.take('wrongTokens', now);\n`, '')],
  },
  {
    name: 'wrong tokens are not logged',
    why: 'nobody sees that somebody tries',
    hunt: { test: operators, grep: '/metrics: wrong tokens' },
    edits: [
      edit(
        'server/http/token-guard.ts',
        `    log.warn({ route, address, unlogged: this.unloggedCount }, 'wrong token refused');\n`,
        '    void [log, route, address];\n',
      ),
    ],
  },
  {
    name: 'no headers against frames',
    why: 'a foreign page lays the game under its own buttons',
    hunt: { test: operators, grep: 'being shown in foreign frames' },
    edits: [edit('server/http/app.ts', '  app.use(responseHeaders(parts.origins));\n', '')],
  },
  {
    name: 'dev mode answers to any name',
    why: 'a foreign page reads what games hide (DNS rebinding)',
    hunt: { test: operators, grep: 'not to a name that somebody else lets lead here' },
    edits: [edit('server/http/dev/known-hosts.ts', `name.endsWith('.localhost')`, 'name.length > 0')],
  },
  {
    name: 'dev mode shows sessions',
    why: 'whoever looks on can name a hold on a seat',
    hunt: { test: operators, grep: 'show no session ids' },
    edits: [edit('server/http/dev/dev-routes.ts', 'doc: redactSessions(reply.doc)', 'doc: reply.doc')],
  },
  {
    name: 'any secret that is long enough',
    why: 'one repeated letter signs tokens',
    hunt: { test: 'test/unit/secret-strength.test.ts', grep: 'repeat themselves or count up' },
    edits: [
      edit(
        'server/identity/secret-strength.ts',
        'distinct < pieces * minDistinctShare || repeatedSteps',
        'repeatedSteps',
      ),
    ],
  },
  {
    name: 'nginx counts whole IPv6 addresses',
    why: 'a /64 has the limits of 2⁶⁴',
    hunt: { test: 'test/tools/local-cluster/nginx-limits.test.ts', grep: 'counts an IPv6 address as its /64' },
    edits: [edit('nginx.conf', '"~(?s)^(?<v6>.{8}).{8}$" $v6;', '"~(?s)^(?<v6>.{16})$" $v6;')],
  },
  {
    name: 'nginx keeps one spelling of metrics',
    why: 'the others are public',
    hunt: { test: 'test/tools/local-cluster/nginx-limits.test.ts', grep: 'in any spelling' },
    edits: [
      edit(
        'nginx.conf',
        '    location ~* /(metrics|operator|dev)(/|$) {\n      return 404;',
        '    location ~ /(metrics|operator|dev)(/|$) {\n      return 404;',
      ),
    ],
  },
  {
    name: 'the control tells its token',
    why: 'any program gets it by a forged Origin',
    hunt: { test: 'test/tools/local-cluster/control.test.ts', grep: 'gives its token to nobody' },
    edits: [
      edit(
        'tools/local-cluster/control.ts',
        `    if (!sameToken(request`,
        `    if (url.pathname === '/session') return { status: 200, body: { token } };\n    if (!sameToken(request`,
      ),
    ],
  },
];
