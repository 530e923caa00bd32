// A list that is read page by page, newest first.

interface Page<Node> {
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  nodes: Node[];
}

/** With the page that follows. */
export const continued = <Node, List extends Page<Node>>(
  list: List & Page<Node>,
  next: List & Page<Node>,
): List => ({ ...next, nodes: [...list.nodes, ...next.nodes] });

/** With its first page read again: what was read of the older ones stays, unless there is a gap between. */
export function refreshed<Node extends { id: string }, List extends Page<Node>>(
  list: List & Page<Node>,
  first: List & Page<Node>,
): List {
  const oldest = first.nodes.at(-1);
  const at = list.nodes.findIndex(({ id }) => id === oldest?.id);
  const older = at === -1 ? [] : list.nodes.slice(at + 1);
  if (older.length === 0 || !first.pageInfo.hasNextPage) return first;
  return { ...first, pageInfo: list.pageInfo, nodes: [...first.nodes, ...older] };
}
