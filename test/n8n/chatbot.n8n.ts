// The shipped chatbots in the real n8n: what WhatsApp sends is saved once, whatever is killed in the middle.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/embedded-process';
import { Stage, textsOf } from './support/stage';
import { exampleNames } from './support/workflows';

const TURNS = 50;

const triggerItems = readFileSync(join(__dirname, '../fixtures/whatsapp-trigger-items.json'), 'utf8');

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage.stop());

const chatbots = exampleNames.filter((name) => name.startsWith('whatsapp-chatbot'));

describe.each(chatbots)('%s', (name) => {
  beforeAll(() => stage.n8n.publish(stage.workflow(name)));
  afterAll(() => stage.n8n.unpublish(stage.workflow(name).id));

  const turnsOf = (prefix: string) => stage.centesimo.turns(prefix);
  const own = `wamid.${name}.`;

  it('saves every kind of turn that WhatsApp sends, and replies', async () => {
    const items: object[] = JSON.parse(triggerItems.replaceAll('wamid.', own));
    const execution = await stage.deliver(name, items);
    expect(execution).toMatchObject({ status: 'success', error: undefined });
    const turns = await turnsOf(`${own}HBg`);
    expect(turns.map(({ message, outcome, charges }) => [message, outcome, charges])).toEqual([
      ['ciao mozzarella', 'TRACKED', 1],
      [
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a customer wrote it so
        'do you have "bufala"?\nback\\slash, emoji 👋🏽, {{ braces }}, ${dollar}',
        'UNKNOWN_CUSTOMER',
        0,
      ],
      ['avete ancora posto stasera?', 'UNKNOWN_CUSTOMER', 0],
      ['è questa?', 'TRACKED', 1],
      ['primo', 'TRACKED', 1],
      ['secondo', 'TRACKED', 1],
    ]);
    expect(turns.map(({ response }) => response)).toEqual(
      turns.map(({ message }) => `Risposta a: ${message}`),
    );
    expect(stage.meta.sent).toContainEqual({ to: '393331234567', text: 'Risposta a: ciao mozzarella' });
  });

  it.each([
    ['server', () => stage.centesimo.killServer()],
    ['database', () => stage.centesimo.killDatabase()],
  ])(`saves ${TURNS} of ${TURNS} turns once while the %s is killed`, async (what, kill) => {
    const prefix = `${own}${what}.`;
    const execution = await stage.deliver(name, textsOf(prefix, TURNS), async () => {
      await until(async () => (await turnsOf(prefix)).length > 5, 'the first turns');
      expect((await turnsOf(prefix)).length).toBeLessThan(TURNS);
      await kill();
    });
    expect((await turnsOf(prefix)).map(({ key, charges }) => [key, charges])).toEqual(
      Array.from({ length: TURNS }, (_, index) => [`${prefix}${index}`, 1]),
    );
    expect(execution).toMatchObject({ status: 'success', error: undefined });
    const [save] = execution.runs['Save and charge'] ?? [];
    expect(save).toBeDefined();
    // Those that loop say once that they are done, with every turn.
    const loop = execution.runs['One at a time'];
    const done = loop?.map(({ outputs }) => outputs[0]?.length ?? 0).filter((items) => items > 0);
    expect(done ?? [TURNS]).toEqual([TURNS]);
  });

  it('keeps a bad turn for a person, reports its id, and saves the others', async () => {
    const prefix = `${own}bad.`;
    const changes = textsOf(prefix, 5);
    const bad = changes[2]?.messages[0];
    if (!bad) throw new Error('no third change');
    bad.from = '39';
    const mailsBefore = stage.mail.mails.length;
    const execution = await stage.deliver(name, changes);
    expect((await turnsOf(prefix)).map(({ key }) => key.at(-1))).toEqual(['0', '1', '3', '4']);
    expect(execution.status).toBe('error');
    expect(execution.error).toContain(`${prefix}2`);
    const rows = await stage.n8n.dataTable('centesimo_kept_turns');
    expect(rows).toContainEqual(
      expect.objectContaining({
        idempotencyKey: `${prefix}2`,
        error: expect.stringContaining('[BAD_USER_INPUT]'),
        needsSomebody: false,
      }),
    );
    const row = rows.find(({ idempotencyKey }) => idempotencyKey === `${prefix}2`);
    expect(JSON.parse(String(row?.turn))).toMatchObject({ message: 'messaggio 2', phoneNumber: '39' });
    await until(() => stage.mail.mails.length > mailsBefore, 'the mail about it');
    expect(stage.mail.mails.at(-1)?.replaceAll('=\n', '')).toContain(`${prefix}2`);
  });

  it('saves the turn of a failing model with its own key, and charges a later run', async () => {
    const prefix = `${own}failing.`;
    stage.model.failsOn = 'messaggio 0';
    await stage.deliver(name, textsOf(prefix, 2));
    stage.model.failsOn = undefined;
    await stage.deliver(name, textsOf(prefix, 1));
    const turns = await turnsOf(prefix);
    expect(turns.map(({ key, outcome, charges }) => [key.slice(own.length), outcome, charges])).toEqual([
      ['failing.0', 'TRACKED', 1],
      ['failing.0:failed', 'NO_RESPONSE', 0],
      ['failing.1', 'TRACKED', 1],
    ]);
  });
});

it('sends no request outside this machine', () => {
  expect(stage.n8n.refused).toEqual([]);
});
