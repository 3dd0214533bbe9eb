"""A client of the Rejoin wire protocol (docs/wire.md) on python-socketio 5.7 or later, with asyncio."""

import asyncio
import random
import secrets

import socketio

from delta import Unfit, apply

# Duties of refusals, by code: docs/wire/refusals.json. Codes that are not here are final.
RETRY = {'slow-down', 'too-many-connections', 'unavailable', 'busy', 'room-outdated', 'stale-term', 'gap'}
REJOIN = {'not-in-room', 'seat-lost'}
STOP = {'bad-token', 'not-signed-in', 'room-missing', 'client-outdated', 'kicked', 'room-quarantined', 'session-replaced'}


def later(seconds, function):
    asyncio.get_running_loop().call_later(seconds, function)


async def hang_up(io):
    await io.disconnect()
    if io.eio.http:
        await io.eio.http.close()


class Action(asyncio.Future):
    sent = ever_sent = False

    def settle(self, result):
        if not self.done():
            self.set_result(result)


class Client:
    """One player, in one room at a time. `on_change` and `on_event` may be replaced."""

    def __init__(self, url, name=None, token=None):
        self.url, self.name, self.token, self.player = url, name, token, None
        self.room = self.view = self.seat = self.session = self.refusal = self.ended = self.joined = None
        self.position, self.term, self.base, self.answered, self.resumes = [0, 0], 0, 0, 0, []
        self.queue = []  # actions without a verdict: the one at index i has the number base + 1 + i
        self.waiting = []  # verdicts whose entry has not been applied: (place, action, reply)
        self.io = None  # the connection in use
        self.opening = self.joining = self.again = self.damaged = self.closed = False
        self.held = None  # changes that arrived beside a join
        self.epoch = 0  # answers of an earlier epoch say nothing about present numbers
        self.attempt, self.spread, self.paused = 0, 0.1, 0
        self.welcomed = asyncio.Event()
        self.on_change, self.on_event = lambda: None, lambda name, data: None

    async def connect(self):
        """Opens the first connection. Returns the refusal if the server refuses the client for good."""
        self.reopen()
        asyncio.ensure_future(self.heartbeat())
        await self.welcomed.wait()
        return self.refusal

    def reopen(self):
        """Opens another connection. The present one is closed when the new one is welcomed."""
        if not (self.opening or self.closed or self.refusal):
            self.opening = True
            asyncio.ensure_future(self.open())

    async def open(self):
        io, arrived, refused = socketio.AsyncClient(reconnection=False), asyncio.Event(), {}
        def welcome(body):
            previous, self.io, self.opening, self.attempt = self.io, io, False, 0
            self.player, self.token = body['player'], body['token'] or self.token
            arrived.set()
            self.welcomed.set()
            self.suspend()
            if previous:
                asyncio.ensure_future(hang_up(previous))
            self.join_again()
        def on(event, handler):
            io.on(event, lambda *args: handler(*args) if self.io is io else None)
        io.on('welcome', welcome)
        io.on('connect_error', lambda body=None: refused.update((body or {}).get('data') or {}))
        on('disconnect', self.lost)
        on('change', lambda room, *change: self.receive(list(change)) if room == self.room else None)
        on('notice', self.notice)
        on('token', lambda token: setattr(self, 'token', token))
        on('moving', self.reopen)
        auth = {key: value for key, value in (('wire', 2), ('token', self.token), ('name', self.name)) if value}
        try:
            await asyncio.wait_for(io.connect(self.url, auth=auth, transports=['websocket']), 5)
            await asyncio.wait_for(arrived.wait(), 5)
        except Exception:
            await hang_up(io)
            if refused.get('code') in STOP:
                self.refusal = {'ok': False, **refused}
                self.welcomed.set()
                return self.finish(self.refusal)
            self.attempt += 1
            most = self.spread if self.attempt == 1 else min(0.1 * 2**self.attempt, 3)
            await asyncio.sleep(min(refused.get('retryAfter', 0), 30_000) / 1000 + 0.01 + random.random() * most)
            self.opening = False
            self.reopen()

    def lost(self):
        asyncio.ensure_future(hang_up(self.io))
        self.io = None
        self.suspend()
        self.reopen()

    def suspend(self):
        """Whatever was in flight may or may not have arrived."""
        self.epoch += 1
        self.joining, self.again, self.held = False, False, None
        for action in self.queue:
            action.sent = False

    def request(self, name, body, callback):
        waiting = [callback]  # called once; a missing answer counts as unavailable
        once = lambda reply: waiting.pop()(reply) if waiting else None
        task = asyncio.ensure_future(self.io.emit(name, body, callback=once))
        task.add_done_callback(lambda done: done.exception())  # on a closed connection: the next one joins again
        later(6, lambda: once({'ok': False, 'code': 'unavailable'}))

    async def heartbeat(self):
        """The position, once a second. An answer that does not arrive means that the connection is dead."""
        while not self.closed:
            await asyncio.sleep(1)
            io, answered = self.io, []
            if not io or self.opening:
                continue
            rooms = {self.room: self.position} if self.view and not self.ended else {}
            def beat(reply, io=io, answered=answered, rooms=rooms):
                answered.append(True)
                if self.io is io and reply['ok']:
                    self.spread = reply['spread'] / 1000
                    if rooms and self.room not in reply['rooms']:
                        self.join_again()  # the node does not know this connection as a member
                    elif rooms and reply['rooms'][self.room]:
                        self.compare(reply['rooms'][self.room])
            self.request('place', {'rooms': rooms}, beat)
            later(1.5, lambda io=io, answered=answered: self.reopen() if self.io is io and not answered else None)

    def compare(self, latest):
        """Joins again if the client is still behind the latest position after 250 ms."""
        before, head, term = self.position, latest['head'], latest['term']
        behind = lambda: head > self.position or self.position == before and term > before[0]
        if head != before:
            later(0.25, lambda: self.join_again() if behind() else None)

    async def join(self, room, **fields):
        """Enters a room (None: by the field quick). Returns the answer. Fields: game, version, watch, profile."""
        self.room, self.fields, self.session = room, fields, secrets.token_hex(12)
        self.joined = Action()
        self.join_again()
        return await self.joined

    def join_again(self):
        """Joins, or joins again from the present position. One join is in flight at a time."""
        if not self.io or not self.session or self.ended:
            return
        if self.joining:
            self.again = True
            return
        self.joining, self.held = True, self.held or []
        self.join_now()

    def join_now(self):
        epoch, request = self.epoch, {'session': self.session, **self.fields}
        request.update({'room': self.room} if self.room else {})
        if self.view:
            request.update(place=self.position)
            request.update({'whole': True} if self.damaged or self.position[1] == 0 else {})
            request.update({} if self.fields.get('watch') else {'resume': True})
        def answer(reply):
            if epoch != self.epoch:
                return
            if not reply['ok'] and reply['code'] in RETRY:
                wait = reply.get('retryAfter', 200) / 1000 * (1 + random.random())
                return later(wait, lambda: self.join_now() if epoch == self.epoch else None)
            self.joining, again, self.again = False, self.again, False
            self.accept(reply) if reply['ok'] else self.finish(reply)
            return self.join_again() if again else None
        self.request('join', request, answer)

    def accept(self, reply):
        first, held, self.held, self.room = self.view is None, self.held or [], None, reply['room']
        self.fields = {key: value for key, value in self.fields.items() if key not in ('quick', 'code')}
        if reply['with'] == 'snapshot':
            self.view, self.damaged = reply['view'], False
        else:
            for change in reply['changes']:
                self.take(change)
        self.seat, self.position, self.answered = reply['seat'], reply['place'], reply['term']
        if not first:
            self.resumes.append({'with': reply['with'], 'lost': reply['lost']})
        for change in held:
            self.receive(change)
        # Entries of older terms that the new owner does not have are lost: they will never arrive.
        self.flush(lambda place: place <= self.position or place[0] < reply['term'])
        self.reconcile(reply['term'], reply['base'], reply['verdicts'])
        self.joined.settle(reply)

    def receive(self, change):
        """A change is applied if it follows the position, and ignored if the client has it already."""
        term, seq, previous = change[:3]
        if self.held is not None:
            self.held.append(change)
        elif self.view and not self.ended:
            if self.position[1] == 0 and term != self.answered:
                self.join_again()  # the room may have been created again under its id
            elif self.position == [previous, seq - 1]:
                self.take(change)
                self.flush(lambda place: place <= self.position)
            elif [term, seq] > self.position:
                self.join_again()  # a change in between is missing

    def take(self, change):
        try:
            if change[3] != 0 and not self.damaged:
                apply(self.view, change[3])
        except Unfit:
            self.damaged = True  # the next join asks for a snapshot
            later(0, self.join_again)
        self.position = change[:2]
        for name, data in change[4] if len(change) > 4 else []:
            self.on_event(name, data)

    def flush(self, reached):
        """Reports verdicts whose entry has been applied."""
        for _, action, reply in [one for one in self.waiting if reached(one[0])]:
            action.settle(reply)
        self.waiting = [one for one in self.waiting if not reached(one[0])]
        self.on_change()

    def notice(self, notice):
        code, own = notice['code'], notice.get('session') == self.session
        if notice['room'] != self.room:
            return
        if code in ('kicked', 'closed') or code == 'session-replaced' and own:
            self.finish({'ok': False, 'code': 'room-missing' if code == 'closed' else code})
        elif code == 'seat-lost' and own or code == 'resync':
            self.join_again()
        elif code == 'owner':
            self.compare(notice)

    def finish(self, refusal):
        """The hold on the room is over. Every action settles."""
        self.ended = self.ended or refusal
        for action in self.queue:
            action.settle({'ok': False, 'code': 'unknown'} if action.ever_sent else refusal)
        self.queue.clear()
        self.flush(lambda place: True)
        if self.joined:
            self.joined.settle(refusal)

    def act(self, name, data=None):
        """Gives an action. The future settles once, with the verdict."""
        action = Action()
        action.name, action.data = name, {} if data is None else data
        action.settle(self.ended) if self.ended else self.queue.append(action)
        self.send()
        return action

    def reconcile(self, term, base, verdicts):
        """Settles actions that have a verdict, and numbers the rest from base + 1."""
        if term < self.term:
            return
        base, known = max(base, self.base) if term == self.term else base, dict(verdicts)
        for n in range(self.base + 1, base + 1):
            if self.queue:
                verdict = known.get(n, {'code': 'unknown'})
                self.queue.pop(0).settle({'ok': False, **verdict} if 'code' in verdict else {'ok': True})
        self.term, self.base, self.epoch = term, base, self.epoch + 1
        for action in self.queue:
            action.sent = False
        self.send()

    def send(self):
        if not self.io or not self.term or self.joining or self.paused or self.ended:
            return
        for n, action in enumerate(self.queue[:8], self.base + 1):
            if not action.sent:
                action.sent = action.ever_sent = True
                request = {'room': self.room, 'name': action.name, 'data': action.data, 'n': n, 'term': self.term}
                self.request('act', request, lambda reply, a=action, e=self.epoch: self.verdict(a, reply, e))

    def verdict(self, action, reply, epoch):
        code = reply.get('code')
        if epoch != self.epoch or action not in self.queue:
            return
        if code == 'stale-term':
            self.reconcile(reply['term'], reply['base'], reply['verdicts'])
        elif code in RETRY:
            action.sent, self.paused = False, self.paused + 1
            later(reply.get('retryAfter', 50) / 1000, self.resume)
        elif code in STOP:
            self.finish(reply)
        elif code in REJOIN or 'place' in reply and self.queue[0] is not action:
            self.join_again()  # not a member any more, or an earlier answer was lost
        elif 'place' in reply:
            self.queue.pop(0)
            self.base += 1
            self.waiting.append((reply['place'], action, reply))
            self.flush(lambda place: place <= self.position)
            self.send()
        else:  # final, and the number is not used up: the following actions move up
            self.queue.remove(action)
            action.settle(reply)
            self.join_again()

    def resume(self):
        self.paused -= 1
        self.send()

    async def close(self):
        self.closed = True
        self.finish({'ok': False, 'code': 'left'})
        if self.io:
            await hang_up(self.io)
