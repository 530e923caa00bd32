import { Field, ObjectType } from 'type-graphql';
import type { UsageScope } from '../../services/analytics/scope';
import { GraphQLDateTime } from '../scalars/date-time';
import { Period } from './period';
import { Workspace } from './workspace';

@ObjectType('UsageReport', {
  description:
    "One workspace's usage in one period. All parts are read from one snapshot, so they agree to the last micro-unit.",
  simpleResolvers: true,
})
export class UsageReport {
  @Field(() => Workspace, { description: 'Whose usage it is.' })
  workspace!: Workspace;

  @Field(() => Period, { description: 'Which period, resolved.' })
  period!: Period;

  @Field(() => GraphQLDateTime, { description: 'Every turn acknowledged before this instant is counted.' })
  asOf!: Date;

  /** The scope of all other parts, which are field resolvers (usage-report.resolver.ts). */
  scope!: UsageScope;

  static of(scope: UsageScope): UsageReport {
    const { workspace, period, asOf } = scope;
    return { workspace, period: Period.of(period, asOf), asOf, scope };
  }
}
