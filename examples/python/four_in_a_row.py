"""Plays one match of Four in a Row against any opponent: python3 examples/python/four_in_a_row.py URL [ROOM]"""

import asyncio
import json
import random
import sys

from rejoin import Client


async def main(url, room=None):
    client = Client(url, name='Python')
    refusal = await client.connect()
    if refusal:
        sys.exit(f'refused: {refusal["code"]}')
    changed = asyncio.Event()
    client.on_change = changed.set
    where = {'quick': {'game': 'four-in-a-row'}} if room is None else {}
    reply = await client.join(room, game='four-in-a-row', version=1, **where)
    if not reply['ok']:
        sys.exit(f'refused: {reply["code"]}')
    while not client.ended and client.view['room']['phase'] != 'ended':
        state = client.view['state']
        if client.view['room']['phase'] == 'playing' and state['turn'] == client.seat:
            await client.act('drop', {'column': random.randrange(7)})
        else:
            changed.clear()
            await changed.wait()
    result = client.view['room']['result']
    print(json.dumps({'seat': client.seat, 'result': result, 'term': client.position[0]}), flush=True)
    await client.close()


asyncio.run(main(*sys.argv[1:]))
