// Webhooks that nothing gets through to: one line, for tokens that may manage webhooks.
import { useQuery } from '@apollo/client/react';
import type { ReactNode } from 'react';
import { FailingWebhooksDocument, type FailingWebhooksQuery } from '../gql/graphql';
import { useSpeech } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import type { Workspace } from '../lib/overview';

type Webhook = FailingWebhooksQuery['webhooks'][number];

const POLL_MS = 60_000;

/** `settled` is false until there is an answer, or none is coming. */
export function useFailingWebhooks(
  workspace: Workspace,
  scopes: readonly string[],
): { failing: readonly Webhook[]; settled: boolean } {
  const skip = !scopes.includes('webhooks:write');
  const { data, error } = useQuery(FailingWebhooksDocument, {
    variables: { workspaceId: workspace.id },
    skip,
    fetchPolicy: 'cache-and-network',
    pollInterval: POLL_MS,
    skipPollAttempt: () => document.hidden,
  });
  // What is paused was paused by somebody: nobody waits for it.
  const failing = skip
    ? []
    : (data?.webhooks ?? []).filter(({ state, failingSince }) => failingSince !== null && state !== 'PAUSED');
  return { failing, settled: skip || data !== undefined || error !== undefined };
}

export function FailingWebhooks({ failing }: { failing: readonly Webhook[] }): ReactNode {
  const { words, plural } = useSpeech();
  const format = useFormat();
  const [first] = failing.flatMap(({ failingSince }) => failingSince ?? []).sort();
  if (first === undefined) return null;
  const { webhooks } = words;
  const off = failing.filter(({ state }) => state === 'DISABLED').length;
  const said = `${plural(webhooks.silent, failing.length)} ${webhooks.since(format.dateTime(first))}`;
  return (
    <p className="small silent-webhooks">
      {off > 0 ? `${said}; ${plural(webhooks.off, off)}` : said}. {webhooks.see} <code>docs/webhooks.md</code>
      .
    </p>
  );
}
