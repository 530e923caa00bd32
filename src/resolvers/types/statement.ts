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

  @Field(() => GraphQLSafeInt, { description: 'Charges minus reversals.' })
  messages!: number;

  @Field(() => Money, { description: 'The sum of charges and reversals.' })
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
    'One closed month; it never changes. Every charge and every reversal of a closed month is on exactly one statement. It is not a fiscal invoice.',
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

  @Field(() => Money, { description: 'The sum of its lines.' })
  total!: Money;

  @Field(() => GraphQLSafeInt, { description: 'Charges minus reversals.' })
  messages!: number;

  @Field(() => Money, {
    description:
      'The part of total that belongs to earlier months: turns that came late, and charges that were taken back.',
  })
  carried!: Money;

  @Field(() => String, {
    description: 'The SHA-256 of its ledger lines in their fixed form, which `statement export` writes.',
  })
  sha256!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The SHA-256 of the statement before; null for the first statement.',
  })
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
    "Why a closed month's usage of today differs from its statement: total - carried + cameLate + takenBack + zoneChanged = usage.",
  simpleResolvers: true,
})
export class SinceClosing {
  @Field(() => Money, { description: "What the month costs today, in the workspace's present zone." })
  usage!: Money;

  @Field(() => Money, { description: 'Turns of the month that were charged after it was closed.' })
  cameLate!: Money;

  @Field(() => Money, {
    description: 'Charges of the month that were taken back after it was closed: zero or less.',
  })
  takenBack!: Money;

  @Field(() => Money, {
    description:
      "The difference at the month's beginning and end, if the workspace had another zone when the month was closed. These turns are on the statement of a neighbouring month.",
  })
  zoneChanged!: Money;

  @Field(() => Money, {
    description:
      'The part of cameLate and takenBack that is on no statement yet: the next closed month will carry it.',
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

  @Field(() => GraphQLYearMonth, {
    description: 'The month. It must have ended, and the months before it must be closed.',
  })
  month!: string;
}

@ObjectType('CloseMonthPayload', {
  description: 'The closed month. When you get this answer, the closing is committed.',
  simpleResolvers: true,
})
export class CloseMonthPayload {
  @Field(() => UsageStatement, { description: 'Its statement.' })
  statement!: UsageStatement;

  @Field(() => Boolean, { description: 'True when the month was closed before: nothing was written again.' })
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
