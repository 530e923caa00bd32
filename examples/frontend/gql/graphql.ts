/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type MonthReportQueryVariables = Exact<{
  workspaceId: string | number;
  month: string;
}>;


export type MonthReportQuery = { usage: { totals: { messages: number, activeClients: number, cost: { amount: `${number}`, currency: string } }, growth: { messages: { percent: `${number}` | null } }, topClients: Array<{ rank: number, messages: number, customer: { name: string }, cost: { amount: `${number}`, currency: string } }> } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const MonthReportDocument = new TypedDocumentString(`
    query MonthReport($workspaceId: ID!, $month: YearMonth!) {
  usage(workspaceId: $workspaceId, period: {month: $month}) {
    totals {
      cost {
        amount
        currency
      }
      messages
      activeClients
    }
    growth {
      messages {
        percent
      }
    }
    topClients(limit: 5) {
      rank
      customer {
        name
      }
      messages
      cost {
        amount
        currency
      }
    }
  }
}
    `) as unknown as TypedDocumentString<MonthReportQuery, MonthReportQueryVariables>;
