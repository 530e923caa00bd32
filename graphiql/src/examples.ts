// The operations that Sandbox opens with, from the same place: the server's examples/operations.

export interface Example {
  document: string;
  variables: Record<string, unknown>;
}

/** None when they can't be read: the editor is of use without them. */
export async function readExamples(): Promise<Example[]> {
  try {
    const answer = await fetch('/graphiql/examples.json', { credentials: 'omit' });
    return answer.ok ? await answer.json() : [];
  } catch {
    return [];
  }
}
