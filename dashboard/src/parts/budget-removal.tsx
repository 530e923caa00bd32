import { useApolloClient } from '@apollo/client/react';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { DeleteBudgetDocument } from '../gql/graphql';
import { useWords } from '../i18n/language';
import { removeCommand } from '../lib/budget-command';
import type { Workspace } from '../lib/overview';
import { type Problem, problemOf } from '../lib/problem';
import type { Way } from './budget-form';
import type { Budget } from './budgets';
import { Command } from './command';

/** Asks before it removes a limit. Closing it any other way keeps the limit. */
export function BudgetRemoval(props: {
  way: Way;
  workspace: Workspace;
  budget: Budget;
  onRemoved: (name: string) => void;
  onClose: () => void;
}): ReactNode {
  const { way, workspace, budget, onRemoved, onClose } = props;
  const words = useWords();
  const client = useApolloClient();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const { limits } = words;
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await client.mutate({
        mutation: DeleteBudgetDocument,
        variables: { workspaceId: workspace.id, id: budget.id },
      });
      onRemoved(budget.name);
    } catch (error) {
      setProblem(problemOf(error));
      setBusy(false);
    }
  };
  return (
    <dialog
      ref={dialog}
      className="panel"
      aria-labelledby={`${id}-sure`}
      aria-describedby={`${id}-hint`}
      onClose={onClose}
    >
      <h2 id={`${id}-sure`}>{limits.sure(budget.name)}</h2>
      <p id={`${id}-hint`}>{limits.sureHint}</p>
      {problem && (
        <p className="wrong" role="alert">
          {words.problems[problem.kind]}
        </p>
      )}
      {way === 'command' && <Command text={removeCommand(workspace.id, budget.name)} />}
      <p className="form-actions">
        <button type="button" onClick={() => dialog.current?.close()}>
          {way === 'command' ? limits.cancel : limits.keep}
        </button>
        {way === 'mutation' && (
          <button type="button" className="primary" disabled={busy} onClick={() => void remove()}>
            {limits.remove}
          </button>
        )}
      </p>
    </dialog>
  );
}
