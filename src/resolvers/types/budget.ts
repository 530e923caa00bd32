import { ArgsType, Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { BudgetInput } from '../../services/signals/budget-service';
import {
  type BudgetState as BudgetStateRow,
  remainingOf,
  type Standing,
  usedPercentOf,
} from '../../services/signals/budget-states';
import {
  type BudgetEnforcement,
  type BudgetInterval,
  type BudgetMeasure,
  type Budget as BudgetRow,
  type BudgetSubject,
  formatUnits,
} from '../../services/signals/budgets';
import { GraphQLDecimal } from '../scalars/decimal';
import { WORKSPACE_ID } from './arguments';
import { BudgetEnforcementEnum, BudgetIntervalEnum, BudgetMeasureEnum, BudgetSubjectEnum } from './enums';
import { Period } from './period';

@ObjectType('BudgetState', {
  description: 'How much of a budget is used in the running period.',
  simpleResolvers: true,
})
export class BudgetState {
  @Field(() => Period, { description: "The running day, week or month in the workspace's zone." })
  period!: Period;

  @Field(() => GraphQLDecimal, {
    description: "The usage: an amount of the workspace's currency, or a number of turns.",
  })
  used!: string;

  @Field(() => GraphQLDecimal, { description: 'What is left of the limit; 0 when the limit is passed.' })
  remaining!: string;

  @Field(() => GraphQLDecimal, { description: 'The usage as a percentage of the limit, with two decimals.' })
  usedPercent!: string;

  @Field(() => [Int], {
    description:
      'Thresholds that were passed in this period, rising: those that are reached now, and those that an event reported, even if the usage has fallen since.',
  })
  crossed!: number[];

  workspaceId!: string;
  customerId!: string | null;

  static of(state: BudgetStateRow, currency: string, asOf: Date): BudgetState {
    const { budget } = state;
    const show = (units: bigint): string => formatUnits(budget.measure, units, currency);
    return {
      ...{ workspaceId: budget.workspaceId, customerId: state.customerId },
      period: Period.of(state.period, asOf),
      used: show(state.usedUnits),
      remaining: show(remainingOf(state)),
      usedPercent: usedPercentOf(state),
      crossed: state.crossed,
    };
  }
}

@ObjectType('Budget', {
  description: "A limit on what is charged in a day, week or month of the workspace's zone.",
  simpleResolvers: true,
})
export class Budget {
  @Field(() => ID, { description: 'A UUID; unique in its workspace.' })
  id!: string;

  @Field(() => String, { description: "The budget's name; unique in its workspace." })
  name!: string;

  @Field(() => BudgetSubjectEnum, { description: 'Whose usage it limits.' })
  subject!: BudgetSubject;

  @Field(() => BudgetMeasureEnum, { description: 'What it counts.' })
  measure!: BudgetMeasure;

  @Field(() => BudgetIntervalEnum, { description: 'When it starts again from zero.' })
  interval!: BudgetInterval;

  @Field(() => [Int], { description: 'The percentages of the limit at which an event is created, rising.' })
  thresholds!: number[];

  @Field(() => Boolean, {
    description: 'True when the budget also creates an event if the forecast passes the limit.',
  })
  forecast!: boolean;

  @Field(() => BudgetEnforcementEnum, { description: 'What happens when the limit is reached.' })
  enforcement!: BudgetEnforcement;

  row!: BudgetRow;
  /** Set by serveDecision, which shows this contact's own figures; otherwise the loaders read it. */
  standing?: Standing;

  static of(row: BudgetRow): Budget {
    const { id, name, subject, measure, interval, thresholds, forecast, enforcement } = row;
    return { id, name, subject, measure, interval, thresholds, forecast, enforcement, row };
  }
}

@InputType('SetBudgetInput', {
  description:
    'The budget to set. A change of limit, measure, interval, subject or customer makes it another budget, which may create its events again.',
})
export class SetBudgetInput implements BudgetInput {
  @Field(() => ID, { description: 'In which workspace.' })
  workspaceId!: string;

  @Field(() => String, {
    description:
      'Its name in the workspace, 1 to 200 characters. If a budget with this name exists, it is changed.',
  })
  name!: string;

  @Field(() => BudgetSubjectEnum, { description: 'Whose usage it limits.' })
  subject!: BudgetSubject;

  @Field(() => ID, { nullable: true, description: 'The customer; only for the subject CUSTOMER.' })
  customerId?: string | null;

  @Field(() => BudgetMeasureEnum, { description: 'What it counts.' })
  measure!: BudgetMeasure;

  @Field(() => GraphQLDecimal, {
    description: "More than 0: an amount of the workspace's currency, or a whole number of turns.",
  })
  limit!: string;

  @Field(() => BudgetIntervalEnum, { description: 'When it starts again from zero.' })
  interval!: BudgetInterval;

  @Field(() => [Int], {
    description:
      'The percentages of the limit at which an event is created, such as [50, 80, 100]: whole numbers from 1 to 999, at most 20 of them.',
  })
  thresholds!: number[];

  @Field(() => Boolean, {
    nullable: true,
    description:
      'True: an event is also created when the forecast passes the limit. Only for WORKSPACE and CUSTOMER with WEEK or MONTH. Default: false.',
  })
  forecast?: boolean | null;

  @Field(() => BudgetEnforcementEnum, { description: 'What happens when the limit is reached.' })
  enforcement!: BudgetEnforcement;
}

@ArgsType()
export class DeleteBudgetArgs {
  @Field(() => ID, WORKSPACE_ID)
  workspaceId!: string;

  @Field(() => ID, { description: 'Which budget.' })
  id!: string;
}
