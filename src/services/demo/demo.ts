// The demo workspace: the reference example, and half a year of a small restaurant's believable traffic. The demo is
// written through the same services as everything else, so it contains only what the product could.

import { DateTime } from 'luxon';
import type { Logger } from 'pino';
import { AppError } from '../../errors';
import type { Clock } from '../../values/time';
import type { Actor } from '../audit';
import type { CustomerService, Registration } from '../customers/customer-service';
import { ITEMS_LIMIT, type SaveMessageService } from '../turns/save-message';
import type { RawTurn } from '../turns/turn';
import type { WorkspaceService } from '../workspaces/workspace-service';
import { ANNA, CONVERSATION, FAILURES, GIULIA, LUCA, MARIO, PAOLO, PEOPLE, STRANGERS } from './people';
import { Random } from './random';

export const DEMO_WORKSPACE = {
  id: 'workspace-123',
  name: 'Trattoria Da Nino',
  timeZone: 'Europe/Rome',
  currency: 'EUR',
};

const ACTOR: Actor = { name: 'demo' };
const DAYS_OF_TRAFFIC = 183;
/** For so long the workflow has told what the model consumed. */
const DAYS_WITH_TOKENS = 31;

export interface DemoServices {
  workspaces: WorkspaceService;
  customers: CustomerService;
  saveMessages: SaveMessageService;
}

export interface DemoOptions {
  /** Finishes an interrupted demo: turns that are saved already replay. */
  resume?: boolean;
  progress?: (done: number, of: number) => void;
}

/** Makes the demo workspace, its customers and its turns; returns how many turns were saved. */
export async function createDemo(
  services: DemoServices,
  clock: Clock,
  logger: Logger,
  { resume = false, progress = () => undefined }: DemoOptions = {},
): Promise<number> {
  try {
    await services.workspaces.create(DEMO_WORKSPACE, ACTOR);
    await setPrices(services.workspaces);
  } catch (error) {
    if (!resume || !(error instanceof AppError) || error.code !== 'CONFLICT') throw error;
  }
  for (const person of PEOPLE) await services.customers.register(DEMO_WORKSPACE.id, person, ACTOR);
  const turns = [...referenceExample(), ...traffic(clock())];
  for (let start = 0; start < turns.length; start += ITEMS_LIMIT) {
    const results = await services.saveMessages.saveAll(
      DEMO_WORKSPACE.id,
      turns.slice(start, start + ITEMS_LIMIT),
    );
    const refused = results.find((result) => 'error' in result);
    if (refused && 'error' in refused) throw refused.error;
    progress(Math.min(start + ITEMS_LIMIT, turns.length), turns.length);
  }
  logger.info({ workspaceId: DEMO_WORKSPACE.id, turns: turns.length }, 'made the demo workspace');
  return turns.length;
}

/** In EUR for a million tokens, in micro-units. */
const MODELS = [
  { model: 'gpt-4.1-mini', inputMicros: 350_000n, cachedInputMicros: 87_500n, outputMicros: 1_400_000n },
  { model: 'claude-haiku-4-5', inputMicros: 860_000n, cachedInputMicros: 86_000n, outputMicros: 4_300_000n },
] as const;

/** The channel took nothing until it began to bill answers to customers' messages. */
async function setPrices(workspaces: WorkspaceService): Promise<void> {
  const startsAt = localInstant('2025-01-01T00:00');
  const { id } = DEMO_WORKSPACE;
  await workspaces.setModelPrices(
    id,
    MODELS.map((price) => ({ ...price, startsAt })),
    ACTOR,
  );
  await workspaces.setChannelPrice(id, { amountMicros: 0n, startsAt }, ACTOR);
  const bills = localInstant('2026-10-01T00:00');
  await workspaces.setChannelPrice(id, { amountMicros: 1_000n, startsAt: bills }, ACTOR);
}

const localInstant = (local: string): Date =>
  DateTime.fromISO(local, { zone: DEMO_WORKSPACE.timeZone }).toJSDate();

/** Local time in the demo's zone, and who writes. */
type ReferenceTurn = readonly [at: string, person: Registration];

const DECEMBER_2024: readonly ReferenceTurn[] = [
  ['2024-12-02T12:41', MARIO],
  ['2024-12-03T20:05', GIULIA],
  ['2024-12-05T13:12', LUCA],
  ['2024-12-06T19:47', MARIO],
  ['2024-12-07T21:03', ANNA],
  ['2024-12-09T12:55', GIULIA],
  ['2024-12-11T14:20', MARIO],
  ['2024-12-12T19:58', LUCA],
  ['2024-12-13T20:31', GIULIA],
  ['2024-12-14T13:40', ANNA],
  ['2024-12-16T14:08', MARIO],
  ['2024-12-18T12:19', LUCA],
  ['2024-12-19T20:44', GIULIA],
  ['2024-12-20T13:27', MARIO],
  ['2024-12-21T21:15', ANNA],
  ['2024-12-23T14:51', MARIO],
  ['2024-12-27T19:36', GIULIA],
  ['2024-12-28T20:12', LUCA],
  ['2024-12-30T13:05', MARIO],
];

/** 25 turns, 9 of them Mario's, 8 between 14:00 and 15:00. */
const JANUARY_2025: readonly ReferenceTurn[] = [
  ['2025-01-02T14:05', MARIO],
  ['2025-01-03T12:40', GIULIA],
  ['2025-01-04T20:15', LUCA],
  ['2025-01-06T14:00', MARIO],
  ['2025-01-07T13:22', ANNA],
  ['2025-01-08T19:48', GIULIA],
  ['2025-01-09T14:31', MARIO],
  ['2025-01-10T21:02', LUCA],
  ['2025-01-11T20:37', MARIO],
  ['2025-01-13T14:17', GIULIA],
  ['2025-01-14T12:08', ANNA],
  ['2025-01-15T13:55', MARIO],
  ['2025-01-16T14:44', LUCA],
  ['2025-01-17T20:20', GIULIA],
  ['2025-01-18T19:33', MARIO],
  ['2025-01-20T14:59', MARIO],
  ['2025-01-21T12:26', LUCA],
  ['2025-01-22T20:51', ANNA],
  ['2025-01-23T14:12', GIULIA],
  ['2025-01-24T21:10', MARIO],
  ['2025-01-25T13:36', LUCA],
  ['2025-01-27T19:05', GIULIA],
  ['2025-01-28T14:28', ANNA],
  ['2025-01-30T20:42', LUCA],
  ['2025-01-31T12:50', MARIO],
];

/** Turns that are saved and not charged, each for another reason: the reference example's figures stay the same. */
const JANUARY_2025_UNCHARGED: readonly RawTurn[] = [
  { ...turnOf('2025-01-10T13:15', MARIO, 'gen25-u1'), ...unanswered(0) },
  { ...turnOf('2025-01-19T20:01', PAOLO, 'gen25-u2') },
  { ...turnOf('2025-01-26T13:09', { name: '', phoneNumber: STRANGERS[0] }, 'gen25-u3') },
];

function referenceExample(): RawTurn[] {
  return [
    ...DECEMBER_2024.map(([at, person], index) => turnOf(at, person, `dic24-${index}`)),
    // Since January the workflow says which it is, and how the turn came in.
    ...JANUARY_2025.map(([at, person], index) => ({
      ...turnOf(at, person, `gen25-${index}`),
      ...cameIn(index),
      llm: consumed(index),
    })),
    ...JANUARY_2025_UNCHARGED,
  ];
}

/** Every fourth turn is a booking, and every sixth came in by the shop's own site. */
const cameIn = (index: number): Pick<RawTurn, 'workflow' | 'channel'> => ({
  workflow: index % 4 === 3 ? 'Prenotazioni' : 'Menu e orari',
  channel: index % 6 === 5 ? 'web' : 'whatsapp',
});

/** Every fifth turn went to the larger model; two of three found the instructions in its cache. */
function consumed(index: number): RawTurn['llm'] {
  const { model } = MODELS[index % 5 === 4 ? 1 : 0];
  return {
    model,
    inputTokens: String(1_100 + 37 * (index % 13)),
    cachedInputTokens: index % 3 === 0 ? null : '1024',
    outputTokens: String(60 + 11 * (index % 9)),
  };
}

/** What the model did not answer cost nothing. */
const withTokens = (turn: RawTurn, index: number): RawTurn =>
  turn.response ? { ...turn, llm: consumed(index) } : turn;

/** A turn that the model did not answer. */
function unanswered(index: number): Pick<RawTurn, 'response' | 'failure'> {
  return { response: '', failure: FAILURES[index % FAILURES.length] ?? null };
}

function turnOf(at: string, person: Registration, key: string): RawTurn {
  const [message, response] = CONVERSATION[key.length % CONVERSATION.length] ?? CONVERSATION[0];
  return {
    idempotencyKey: `demo-${key}`,
    phoneNumber: person.phoneNumber ?? null,
    whatsappUserId: person.whatsappUserId ?? null,
    message,
    response,
    occurredAt: DateTime.fromISO(at, { zone: DEMO_WORKSPACE.timeZone }).toUTC().toISO(),
  };
}

/** Monday to Sunday, and midnight to 23:00: lunch, dinner, and a shop that sleeps. */
const WEEKDAYS = [0.7, 0.8, 0.9, 1, 1.4, 1.6, 1.3];
const HOURS = [1, 0, 0, 0, 0, 0, 0, 1, 3, 5, 8, 14, 26, 22, 10, 5, 5, 8, 16, 28, 30, 20, 8, 3];
const TURNS_A_DAY_AT_FIRST = 60;
const TURNS_A_DAY_AT_LAST = 140;

function traffic(now: Date): RawTurn[] {
  const today = DateTime.fromJSDate(now, { zone: DEMO_WORKSPACE.timeZone }).startOf('day');
  const turns: RawTurn[] = [];
  for (let day = DAYS_OF_TRAFFIC; day >= 0; day -= 1) {
    const progress = 1 - day / DAYS_OF_TRAFFIC;
    const made = trafficOf(today.minus({ days: day }), progress, now);
    turns.push(...(day > DAYS_WITH_TOKENS ? made : made.map(withTokens)));
  }
  return turns;
}

function trafficOf(day: DateTime, progress: number, now: Date): RawTurn[] {
  const date = day.toFormat('yyyy-MM-dd');
  const random = new Random(Number(day.toFormat('yyyyMMdd')));
  const usual = TURNS_A_DAY_AT_FIRST + (TURNS_A_DAY_AT_LAST - TURNS_A_DAY_AT_FIRST) * progress;
  const turns = Math.round(usual * (WEEKDAYS[day.weekday - 1] ?? 1) * (0.85 + 0.3 * random.next()));
  return Array.from({ length: turns }, (_, index) => trafficTurn(day, date, index, random)).filter(
    (turn) => Date.parse(turn.occurredAt ?? '') <= now.getTime(),
  );
}

function trafficTurn(day: DateTime, date: string, index: number, random: Random): RawTurn {
  const at = day.set({ hour: random.weighted(HOURS), minute: random.below(60), second: random.below(60) });
  const stranger = random.next() < 0.03;
  // A few regulars write most: the square prefers the front of the list.
  const person = PEOPLE[Math.floor(PEOPLE.length * random.next() ** 2)] ?? MARIO;
  const [message, response] = random.pick(CONVERSATION);
  return {
    idempotencyKey: `demo-${date}-${index}`,
    phoneNumber: stranger ? random.pick(STRANGERS) : (person.phoneNumber ?? null),
    whatsappUserId: stranger ? null : (person.whatsappUserId ?? null),
    message,
    response,
    occurredAt: at.toUTC().toISO(),
    ...cameIn(index),
    ...(random.next() < 0.04 ? unanswered(index) : {}),
  };
}
