// The load: callers that save turns. Each key is written to a file before it is sent, and each acknowledgement after it
// arrived. Runs until SIGTERM. Arguments: url, token, file, callers, first number of its keys.
import { openSync, writeSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { type Line, type Sent, turnOf } from './record';

const [url = '', token = '', file = '', callers = '8', prefix = 'k'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: Number(callers) });
const record = openSync(file, 'a');
const ANSWER_WITHIN_MS = 10_000;
const TRIES = 4;
const PAUSE_MS = 30;

let running = true;
process.once('SIGTERM', () => {
  running = false;
});

const write = (line: Line): void => {
  writeSync(record, `${JSON.stringify(line)}\n`);
};

/** The answer's body, or undefined when there is none. */
function post(body: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sending = request(`${url}/graphql`, {
      method: 'POST',
      agent,
      timeout: ANSWER_WITHIN_MS,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    });
    sending.on('timeout', () => sending.destroy());
    sending.on('error', () => resolve(undefined));
    sending.on('response', (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve(text));
      response.on('error', () => resolve(undefined));
    });
    sending.end(body);
  });
}

interface Answer {
  data?: {
    saveMessage: { replayed: boolean; message: { id: string; tracking: { outcome: string } } };
  } | null;
  errors?: { message: string }[];
}

/** Sends the turn once; true when the server acknowledged it. */
async function save(sent: Sent): Promise<boolean> {
  const text = await post(turnOf(sent));
  if (text === undefined) return false;
  const { data, errors }: Answer = JSON.parse(text);
  if (errors || !data) {
    if (!errors?.every(({ message }) => message.startsWith('[SERVICE_UNAVAILABLE]')))
      write({ kind: 'refused', key: sent.key, at: Date.now(), why: text.slice(0, 500) });
    return false;
  }
  const { replayed, message } = data.saveMessage;
  write({
    ...{ kind: 'acknowledged', key: sent.key, at: Date.now() },
    ...{ id: message.id, outcome: message.tracking.outcome, replayed },
  });
  return true;
}

async function call(caller: number): Promise<void> {
  for (let number = 0; running; number += 1) {
    const sent: Sent = { kind: 'sent', key: `${prefix}-${caller}-${number}`, at: Date.now() };
    write(sent);
    let saved = false;
    for (let attempt = 0; attempt < TRIES && running && !saved; attempt += 1) {
      saved = await save(sent);
      if (!saved) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

void Promise.all(Array.from({ length: Number(callers) }, (_, caller) => call(caller))).then(() => {
  agent.destroy();
  process.stdout.write('done\n');
});
