"""Drives rejoin.py for the conformance runner: npx rejoin-conformance -- python3 examples/python/adapter.py"""

import asyncio
import copy
import json
import sys

from delta import Unfit, apply
from rejoin import Client

clients = {}
events = {}


async def command(do, body):
    name = body.get('client')
    client = clients.get(name)
    if do == 'hello':
        return {'ok': True, 'name': 'python-socketio', 'features': []}
    if do == 'apply':
        holder = {'value': copy.deepcopy(body['value'])}
        try:
            apply(holder, {'value': body['change']})
        except Unfit as error:
            return {'ok': False, 'code': 'unfit', 'detail': str(error)}
        return {'ok': True, **holder}
    if do == 'connect':
        client = clients[name] = Client(body['url'], body.get('name'), body.get('token'))
        seen = events[name] = []
        client.on_event = lambda event, data: seen.append([event, data])
        refusal = await client.connect()
        return refusal or {'ok': True, 'player': client.player, 'token': client.token}
    if do == 'join':
        reply = await client.join(body['room'], game=body['game'], version=body['version'])
        return {'ok': True, 'seat': reply['seat']} if reply['ok'] else reply
    if do == 'act':
        return await client.act(body['name'], body['data'])
    if do == 'state':
        view = client.view or {'room': None, 'state': None}
        position = client.position if client.view else None
        return {
            'ok': True,
            **view,
            'seat': client.seat,
            'position': position,
            'resumes': client.resumes,
            'events': events[name],
            'ended': client.ended,
        }
    if do == 'close':
        await client.close()
        del clients[name], events[name]
        return {'ok': True}
    return {'error': f'unknown command {do}'}


async def answer(line):
    body = json.loads(line)
    try:
        reply = await command(body['do'], body)
    except Exception as error:
        reply = {'error': repr(error)}
    print(json.dumps({**reply, 'id': body['id']}), flush=True)


async def main():
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asyncio.ensure_future(answer(line))


asyncio.run(main())
