// Relay connections: one shape for every list that has pages.
import { type ClassType, Field, ObjectType } from 'type-graphql';
import type { Page } from '../../services/page';
import { GraphQLSafeInt } from '../scalars/safe-int';

@ObjectType('PageInfo', { description: 'The position of a page in its list.', simpleResolvers: true })
export class PageInfo {
  @Field(() => Boolean, { description: 'True when more rows follow: ask for them with after: endCursor.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'True when this page was asked for with a cursor.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: "The first edge's cursor; null on an empty page." })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: "The last edge's cursor; null on an empty page." })
  endCursor!: string | null;
}

interface Edge<Node> {
  readonly cursor: string;
  readonly node: Node;
}

/**
 * The types `<name>Connection` and `<name>Edge`, made from a page with `new`. Only totalCount asks the database again.
 */
export function connectionOf<Node extends object>(
  name: string,
  nodeType: () => ClassType<Node>,
  rows: string,
) {
  @ObjectType(`${name}Edge`, {
    description: `One of ${rows} and its place in the list.`,
    simpleResolvers: true,
  })
  class NodeEdge implements Edge<Node> {
    @Field(() => String, {
      description: "The row's position: give it as after to get the rows that follow. Opaque.",
    })
    cursor!: string;

    @Field(nodeType, { description: 'The row itself.' })
    node!: Node;
  }

  @ObjectType(`${name}Connection`, { description: `One page of ${rows}.`, simpleResolvers: true })
  class Connection {
    @Field(() => [NodeEdge], { description: 'The rows of this page, each with its cursor.' })
    readonly edges: Edge<Node>[];

    @Field(() => [nodeType()], { description: 'The rows of this page, without cursors.' })
    readonly nodes: Node[];

    @Field(() => PageInfo, { description: 'Whether more rows follow, and the cursor to continue with.' })
    readonly pageInfo: PageInfo;

    constructor(private readonly page: Page<Node>) {
      this.edges = page.items;
      this.nodes = page.items.map((item) => item.node);
      this.pageInfo = {
        hasNextPage: page.hasNextPage,
        hasPreviousPage: page.hasPreviousPage,
        startCursor: page.items[0]?.cursor ?? null,
        endCursor: page.items.at(-1)?.cursor ?? null,
      };
    }

    @Field(() => GraphQLSafeInt, {
      description: `How many of ${rows} there are on all pages together. Counted only when asked for.`,
    })
    totalCount(): Promise<number> {
      return this.page.total();
    }
  }
  return Connection;
}

/** The row's cursor is written only when it is asked for. */
class NodeOf<Node> implements Edge<Node> {
  constructor(
    private readonly item: { readonly cursor: string },
    readonly node: Node,
  ) {}

  get cursor(): string {
    return this.item.cursor;
  }
}

/** The same page, with its rows as GraphQL shows them. */
export const mapPage = <Row, Node>(page: Page<Row>, toNode: (row: Row) => Node): Page<Node> => ({
  ...page,
  items: page.items.map((item) => new NodeOf(item, toNode(item.node))),
});
