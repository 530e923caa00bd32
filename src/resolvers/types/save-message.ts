import { ArgsType, Field, ID, InputType, ObjectType } from 'type-graphql';
import type { ItemResult } from '../../services/turns/save-message';
import type { SaveResult } from '../../services/turns/saved-message';
import type { RawTurn, TurnInput } from '../../services/turns/turn';
import type { LlmInput, RawLlm } from '../../services/turns/turn-costs';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLPhoneNumber } from '../scalars/phone-number';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { Message } from './message';

const KEY_DESCRIPTION =
  "Makes retries safe; 1 to 255 characters. Best: WhatsApp's message id (wamid...). The same key with the same contact and message answers with what was saved first; with another contact or message it is refused.";

const FAILURE =
  'Why there is no response, as the workflow knows it; at most 500 characters. Kept only with a turn without one.';
const WORKFLOW = 'Which workflow saved the turn; at most 100 characters. For breakdowns.';
const CHANNEL = 'How the turn came in, such as whatsapp, web, voice; at most 50 characters. For breakdowns.';
const LLM = 'What the model consumed for this response, when the workflow knows. For the margin.';
const KEPT = 'Of a key that is sent again, the first one is kept.';

@InputType('LlmUsageInput', {
  description:
    "Token counts as the model's maker reports them. Not part of what makes a replay equal: of a key that is sent again, the first ones are kept.",
})
export class LlmUsageInput implements LlmInput {
  @Field(() => String, {
    description: "The model's name, such as gpt-4.1-mini; at most 200 characters. Its price is found by it.",
  })
  model!: string;

  @Field(() => GraphQLSafeInt, {
    description: 'All input tokens, the cached ones included; at most 100 000 000.',
  })
  inputTokens!: number;

  @Field(() => GraphQLSafeInt, {
    nullable: true,
    description: 'Of these, read from a cache. Default: none.',
  })
  cachedInputTokens?: number | null;

  @Field(() => GraphQLSafeInt, { description: 'All output tokens, reasoning included; at most 100 000 000.' })
  outputTokens!: number;
}

@InputType('LlmUsageItem', {
  description:
    'LlmUsageInput as plain text, checked item by item. With nothing but blank fields it is absent.',
})
export class LlmUsageItem implements RawLlm {
  @Field(() => String, { nullable: true, description: "Needed. The model's name, such as gpt-4.1-mini." })
  model?: string | null;

  @Field(() => String, { nullable: true, description: 'Needed. All input tokens, the cached ones included.' })
  inputTokens?: string | null;

  @Field(() => String, { nullable: true, description: 'Of these, read from a cache. Default: none.' })
  cachedInputTokens?: string | null;

  @Field(() => String, { nullable: true, description: 'Needed. All output tokens, reasoning included.' })
  outputTokens?: string | null;
}

@InputType('SaveMessageInput', {
  description: 'One turn of a conversation. Optional fields may be absent or null.',
})
export class SaveMessageInput implements TurnInput {
  @Field(() => ID, { description: 'In which workspace it is saved.' })
  workspaceId!: string;

  @Field(() => GraphQLPhoneNumber, {
    nullable: true,
    description: "The customer's phone number. Either this or whatsappUserId is needed.",
  })
  phoneNumber?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "WhatsApp's business-scoped user id, for contacts who hide their number.",
  })
  whatsappUserId?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'What the customer wrote, at most 65 536 characters. If it is absent or blank (an image, a sticker), the turn is saved without text.',
  })
  message?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'What the LLM answered, at most 65 536 characters. If it is empty, blank or absent, the turn is saved and not charged.',
  })
  response?: string | null;

  @Field(() => String, { description: KEY_DESCRIPTION })
  idempotencyKey!: string;

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the turn happened: not before 2009, at most 5 minutes in the future. Default: now.',
  })
  occurredAt?: Date | null;

  @Field(() => String, { nullable: true, description: `${FAILURE} ${KEPT}` })
  failure?: string | null;

  @Field(() => String, { nullable: true, description: `${WORKFLOW} ${KEPT}` })
  workflow?: string | null;

  @Field(() => String, { nullable: true, description: `${CHANNEL} ${KEPT}` })
  channel?: string | null;

  @Field(() => LlmUsageInput, { nullable: true, description: LLM })
  llm?: LlmUsageInput | null;
}

@InputType('SaveMessageItem', {
  description:
    'One turn of saveMessages: the fields of SaveMessageInput as plain text. Each item is checked separately, so that a bad one gets an error of its own.',
})
export class SaveMessageItem implements RawTurn {
  @Field(() => String, {
    nullable: true,
    description: "The customer's phone number. Either this or whatsappUserId is needed.",
  })
  phoneNumber?: string | null;

  @Field(() => String, { nullable: true, description: "WhatsApp's business-scoped user id." })
  whatsappUserId?: string | null;

  @Field(() => String, { nullable: true, description: 'What the customer wrote.' })
  message?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What the LLM answered. If it is empty, blank or absent, the turn is saved and not charged.',
  })
  response?: string | null;

  @Field(() => String, { nullable: true, description: `Needed. ${KEY_DESCRIPTION}` })
  idempotencyKey?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'When the turn happened, RFC 3339 with an offset. Default: now.',
  })
  occurredAt?: string | null;

  @Field(() => String, { nullable: true, description: FAILURE })
  failure?: string | null;

  @Field(() => String, { nullable: true, description: WORKFLOW })
  workflow?: string | null;

  @Field(() => String, { nullable: true, description: CHANNEL })
  channel?: string | null;

  @Field(() => LlmUsageItem, { nullable: true, description: LLM })
  llm?: LlmUsageItem | null;
}

@ArgsType()
export class SaveMessagesArgs {
  @Field(() => ID, { description: 'In which workspace they are saved.' })
  workspaceId!: string;

  @Field(() => [SaveMessageItem], { description: 'The turns, at most 500.' })
  items!: SaveMessageItem[];
}

@ObjectType('SaveMessagePayload', {
  description: 'What was saved. When you get this answer, the turn is committed.',
  simpleResolvers: true,
})
export class SaveMessagePayload {
  @Field(() => Message, { description: 'The turn as it is stored, with its outcome and its charge.' })
  message!: Message;

  @Field(() => Boolean, {
    description: 'True when this idempotency key was saved before: nothing was written or charged again.',
  })
  replayed!: boolean;

  static of({ message, replayed }: SaveResult): SaveMessagePayload {
    return { message: Message.saved(message), replayed };
  }
}

@ObjectType('InputProblem', {
  description: 'Why one item was refused. The same item would be refused again.',
  simpleResolvers: true,
})
export class InputProblem {
  @Field(() => String, { description: 'BAD_USER_INPUT, IDEMPOTENCY_KEY_REUSED or CONFLICT.' })
  code!: string;

  @Field(() => String, { description: 'What is wrong and what is expected, for people.' })
  message!: string;
}

@ObjectType('SaveMessageResult', {
  description:
    'The result of one item of saveMessages: either payload or error. An error is final: the same item would fail again. If any item fails for a temporary reason, the whole request fails with SERVICE_UNAVAILABLE; send it again, and items that were saved already are answered as replays.',
  simpleResolvers: true,
})
export class SaveMessageResult {
  @Field(() => SaveMessagePayload, {
    nullable: true,
    description: 'What was saved; null when the item was refused.',
  })
  payload!: SaveMessagePayload | null;

  @Field(() => InputProblem, {
    nullable: true,
    description: 'Why the item was refused; null when it was saved.',
  })
  error!: InputProblem | null;

  static of(result: ItemResult): SaveMessageResult {
    if ('ok' in result) return { payload: SaveMessagePayload.of(result.ok), error: null };
    const { code, message } = result.error;
    return { payload: null, error: { code, message } };
  }
}
