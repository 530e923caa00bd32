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
  description: 'Where a budget stands in the period that runs.',
  simpleResolvers: true,
})
export class BudgetState {
  @Field(() => Period, { description: "The day, week or month that runs, of the workspace's zone." })
  period!: Period;

  @Field(() => GraphQLDecimal, {
    description: "What was used: an amount of the workspace's currency, or turns.",
  })
  used!: string;

  @Field(() => GraphQLDecimal, { description: 'What is left up to the limit; 0 beyond it.' })
  remaining!: string;

  @Field(() => GraphQLDecimal, { description: 'What was used, in percent of the limit; two decimals.' })
  usedPercent!: string;

  @Field(() => [Int], {
    description:
      'Thresholds that were passed in this period, rising: reached now, or told by an event. What was told stays.',
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

  @Field(() => String, { description: 'What people call it; unique in its workspace.' })
  name!: string;

  @Field(() => BudgetSubjectEnum, { description: 'Whose usage it limits.' })
  subject!: BudgetSubject;

  @Field(() => BudgetMeasureEnum, { description: 'What it counts.' })
  measure!: BudgetMeasure;

  @Field(() => BudgetIntervalEnum, { description: 'How often it starts anew.' })
  interval!: BudgetInterval;

  @Field(() => [Int], { description: 'Percent of the limit at which an event is made, rising.' })
  thresholds!: number[];

  @Field(() => Boolean, { description: 'Also when the forecast passes the limit.' })
  forecast!: boolean;

  @Field(() => BudgetEnforcementEnum, { description: 'What happens when the limit is reached.' })
  enforcement!: BudgetEnforcement;

  row!: BudgetRow;
  /** Of a decision, which tells of the asked contact alone; otherwise left to the loaders. */
  standing?: Standing;

  static of(row: BudgetRow): Budget {
    const { id, name, subject, measure, interval, thresholds, forecast, enforcement } = row;
    return { id, name, subject, measure, interval, thresholds, forecast, enforcement, row };
  }
}

@InputType('SetBudgetInput', {
  description:
    'A limit to set. A budget that becomes another limit (by its limit, measure, interval or whom it is for) may make its events anew.',
})
export class SetBudgetInput implements BudgetInput {
  @Field(() => ID, { description: 'In which workspace.' })
  workspaceId!: string;

  @Field(() => String, {
    description: 'Its name in the workspace, 1 to 200 characters; the same name changes it.',
  })
  name!: string;

  @Field(() => BudgetSubjectEnum, { description: 'Whose usage it limits.' })
  subject!: BudgetSubject;

  @Field(() => ID, { nullable: true, description: 'For CUSTOMER: which customer.' })
  customerId?: string | null;

  @Field(() => BudgetMeasureEnum, { description: 'What it counts.' })
  measure!: BudgetMeasure;

  @Field(() => GraphQLDecimal, {
    description: "More than 0: an amount of the workspace's currency, or a whole number of turns.",
  })
  limit!: string;

  @Field(() => BudgetIntervalEnum, { description: 'How often it starts anew.' })
  interval!: BudgetInterval;

  @Field(() => [Int], {
    description:
      'Percent of the limit at which an event is made, such as [50, 80, 100]: whole, 1 to 999, at most 20.',
  })
  thresholds!: number[];

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Also when the forecast passes the limit. For WORKSPACE and CUSTOMER by WEEK or MONTH. Default: false.',
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
