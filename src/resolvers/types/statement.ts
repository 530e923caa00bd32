import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { CloseResult } from '../../services/ledger/closing';
import type { SinceClosing as SinceClosingRow } from '../../services/ledger/since-closing';
import type { StatementLineRow, StatementRow } from '../../services/ledger/statements';
import { monthOf } from '../../values/month';
import { GraphQLDateTime } from '../scalars/date-time';
import { GraphQLSafeInt } from '../scalars/safe-int';
import { GraphQLYearMonth } from '../scalars/year-month';
import { WORKSPACE_ID } from './arguments';
import { connectionOf } from './connection';
import { Money } from './money';
import { Period } from './period';

@ObjectType('StatementLine', { description: 'What one client used in one month.', simpleResolvers: true })
export class StatementLine {
  @Field(() => GraphQLYearMonth, { description: "The month of use: the statement's own, or an earlier one." })
  month!: string;

  @Field(() => GraphQLSafeInt, { description: 'Charges less reversals.' })
  messages!: number;

  @Field(() => Money, { description: 'What they come to.' })
  amount!: Money;

  workspaceId!: string;
  customerId!: string;

  static of(row: StatementLineRow): StatementLine {
    const { workspaceId, customerId, messages } = row;
    const amount = Money.of(row.amountMicros, row.currency);
    return { workspaceId, customerId, month: monthOf(row.month), messages: Number(messages), amount };
  }
}

export const StatementLineConnection = connectionOf('StatementLine', () => StatementLine, 'the lines');

@ObjectType('UsageStatement', {
  description:
    'One closed month, frozen. Every charge and every reversal is on exactly one statement. No fiscal invoice.',
  simpleResolvers: true,
})
export class UsageStatement {
  @Field(() => Int, { description: '1, 2, 3, … without a gap.' })
  number!: number;

  @Field(() => GraphQLYearMonth, { description: 'The month that was closed.' })
  month!: string;

  @Field(() => Period, { description: "The month's bounds as they were when it was closed." })
  period!: Period;

  @Field(() => GraphQLDateTime, { description: 'When it was closed.' })
  closedAt!: Date;

  @Field(() => Money, { description: 'What its lines come to.' })
  total!: Money;

  @Field(() => GraphQLSafeInt, { description: 'Charges less reversals.' })
  messages!: number;

  @Field(() => Money, {
    description:
      'The part of total that belongs to earlier months: turns that came late, charges that were taken back.',
  })
  carried!: Money;

  @Field(() => String, {
    description: 'Of its ledger lines in their fixed form, as statement export writes them.',
  })
  sha256!: string;

  @Field(() => String, { nullable: true, description: 'The statement before; null for the first.' })
  previousSha256!: string | null;

  row!: StatementRow;

  static of(row: StatementRow): UsageStatement {
    const { number, month, from, to, timeZone, closedAt, sha256, previousSha256, currency } = row;
    return {
      ...{ number, month, closedAt, sha256, previousSha256, row },
      period: { from, to, timeZone, complete: true },
      total: Money.of(row.totalMicros, currency),
      messages: Number(row.messages),
      carried: Money.of(row.carriedMicros, currency),
    };
  }
}

@ObjectType('SinceClosing', {
  description:
    'Why a closed month costs something else today than its statement says: total - carried + cameLate + takenBack + zoneChanged = usage.',
  simpleResolvers: true,
})
export class SinceClosing {
  @Field(() => Money, { description: "What the month costs today, by the workspace's zone of today." })
  usage!: Money;

  @Field(() => Money, { description: 'Turns of the month that were charged after it was closed.' })
  cameLate!: Money;

  @Field(() => Money, {
    description: 'Charges of the month that were taken back after it was closed: zero or less.',
  })
  takenBack!: Money;

  @Field(() => Money, {
    description:
      "What begins or ends the month by the workspace's zone of today and not by the one of the closing. It is on a neighbour's statement.",
  })
  zoneChanged!: Money;

  @Field(() => Money, {
    description:
      'The part of cameLate and takenBack that no statement has yet: the next month that is closed carries it.',
  })
  open!: Money;

  static of(row: SinceClosingRow, currency: string): SinceClosing {
    return {
      usage: Money.of(row.usageMicros, currency),
      cameLate: Money.of(row.cameLateMicros, currency),
      takenBack: Money.of(row.takenBackMicros, currency),
      zoneChanged: Money.of(row.zoneChangedMicros, currency),
      open: Money.of(row.openMicros, currency),
    };
  }
}

export const UsageStatementConnection = connectionOf(
  'UsageStatement',
  () => UsageStatement,
  'the statements',
);

@InputType('CloseMonthInput', { description: 'Which month is closed.' })
export class CloseMonthInput {
  @Field(() => ID, { description: 'In which workspace.' })
  workspaceId!: string;

  @Field(() => GraphQLYearMonth, { description: 'The month; it has ended, and those before it are closed.' })
  month!: string;
}

@ObjectType('CloseMonthPayload', {
  description: 'The closed month. An answer with it means: committed.',
  simpleResolvers: true,
})
export class CloseMonthPayload {
  @Field(() => UsageStatement, { description: 'Its statement.' })
  statement!: UsageStatement;

  @Field(() => Boolean, { description: 'True when it had been closed before: nothing was written again.' })
  replayed!: boolean;

  static of({ statement, replayed }: CloseResult): CloseMonthPayload {
    return { statement: UsageStatement.of(statement), replayed };
  }
}

@ArgsType()
export class StatementArgs {
  @Field(() => ID, WORKSPACE_ID)
  workspaceId!: string;

  @Field(() => GraphQLYearMonth, { description: 'Which month.' })
  month!: string;
}
