// The command that sets or removes a limit, for whoever runs the server: where mutations have a port of their own, the
// page can't do it itself.
import type { SetBudgetInput } from '../gql/graphql';

const PROGRAM = 'npm run -s cli --';

/** One word of a POSIX shell, whatever it holds. */
function quote(value: string | number): string {
  const text = String(value);
  return /^[\w.:+/@%][\w.:+/@%-]*$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function setCommand(input: SetBudgetInput): string {
  const { workspaceId, name, limit, measure, interval, subject, customerId, thresholds } = input;
  return [
    ...[PROGRAM, 'budget set', `--workspace ${quote(workspaceId)}`, `--name ${quote(name)}`],
    ...[`--limit ${limit}`, `--measure ${measure.toLowerCase()}`, `--interval ${interval.toLowerCase()}`],
    `--subject ${subject.toLowerCase()}`,
    ...(customerId ? [`--customer ${quote(customerId)}`] : []),
    ...(thresholds.length > 0 ? [`--threshold ${thresholds.join(' ')}`] : []),
    ...(input.forecast ? ['--forecast'] : []),
    ...(input.enforcement === 'STOP' ? ['--stop'] : []),
  ].join(' ');
}

export const removeCommand = (workspaceId: string, name: string): string =>
  `${PROGRAM} budget remove --workspace ${quote(workspaceId)} --name ${quote(name)}`;
