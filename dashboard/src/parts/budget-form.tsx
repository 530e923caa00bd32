// Makes or changes a limit. The server decides what is right; what it refuses is said in words beside its field.
import { useApolloClient } from '@apollo/client/react';
import {
  type FormEvent,
  type InputHTMLAttributes,
  type ReactNode,
  useEffect,
  useId,
  useRef,
  useState,
} from 'react';
import {
  type BudgetInterval,
  type BudgetMeasure,
  type BudgetSubject,
  NamedClientsDocument,
  type NamePartsFragment,
  SetBudgetDocument,
  type SetBudgetInput,
} from '../gql/graphql';
import type { Words } from '../i18n/en';
import { useWords } from '../i18n/language';
import { setCommand } from '../lib/budget-command';
import { nameOf } from '../lib/customer-name';
import { readDecimal } from '../lib/decimal';
import { useFormat } from '../lib/format-context';
import type { Workspace } from '../lib/overview';
import { type Problem, problemOf } from '../lib/problem';
import type { Budget } from './budgets';
import { Command } from './command';
import { Notice } from './notice';

const MEASURES = ['COST', 'MESSAGES'] as const satisfies readonly BudgetMeasure[];
const INTERVALS = ['DAY', 'WEEK', 'MONTH'] as const satisfies readonly BudgetInterval[];
const SUBJECTS = ['WORKSPACE', 'EACH_CUSTOMER', 'CUSTOMER'] as const satisfies readonly BudgetSubject[];

const FIELDS = ['name', 'limit', 'customerId', 'thresholds', 'forecast'] as const;
type Wrong = Partial<Record<(typeof FIELDS)[number], string>>;

/** How this address sets limits: by mutations, or by a command that somebody enters elsewhere. */
export type Way = 'mutation' | 'command';

interface BudgetFormProps {
  way: Way;
  workspace: Workspace;
  /** The limit to change; undefined: a new one. */
  budget: Budget | undefined;
  /** The names that are taken. */
  names: readonly string[];
  onSaved: (name: string) => void;
  onCancel: () => void;
}

export function BudgetForm(props: BudgetFormProps): ReactNode {
  const { way, workspace, budget, names, onSaved, onCancel } = props;
  const words = useWords();
  const format = useFormat();
  const client = useApolloClient();
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const [measure, setMeasure] = useState<BudgetMeasure>(budget?.measure ?? 'COST');
  const [subject, setSubject] = useState<BudgetSubject>(budget?.subject ?? 'WORKSPACE');
  const [candidates, setCandidates] = useState<readonly NamePartsFragment[]>([]);
  const [wrong, setWrong] = useState<Wrong>({});
  const [problem, setProblem] = useState<Problem>();
  const [command, showCommand] = useState<string>();
  const [busy, setBusy] = useState(false);
  const { limits } = words;
  useEffect(() => {
    if (Object.keys(wrong).length > 0)
      form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [wrong]);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>(budget ? '[name=limit]' : '[name=name]')?.focus();
  }, [budget]);

  /** The id of the client whose name or number was written, or why there is none. */
  async function findCustomer(
    text: string,
    choice: FormDataEntryValue | null,
  ): Promise<{ id: string } | Wrong> {
    const known = budget?.customer;
    if (known && text === nameOf(known, words)) return { id: known.id };
    if (text === '') return { customerId: limits.wrong.customerMissing };
    if (candidates.length > 0 && typeof choice === 'string') return { id: choice };
    const { data } = await client.query({
      query: NamedClientsDocument,
      variables: { workspaceId: workspace.id, search: text },
      fetchPolicy: 'no-cache',
    });
    const { nodes, totalCount } = data?.customers ?? { nodes: [], totalCount: 0 };
    const [only] = nodes;
    if (!only) return { customerId: limits.wrong.customerUnknown };
    if (totalCount === 1) return { id: only.id };
    if (totalCount > nodes.length) return { customerId: limits.wrong.customerMany };
    setCandidates(nodes);
    return { customerId: limits.wrong.customerChoice };
  }

  /** What was written, or what of it can't be sent. */
  async function read(data: FormData): Promise<SetBudgetInput | Wrong> {
    const text = (name: string): string => String(data.get(name) ?? '').trim();
    const limit = readDecimal(text('limit'), format.decimalSign);
    const percentages = text('thresholds')
      .replaceAll('%', ' ')
      .split(/[\s,;]+/)
      .filter((part) => part !== '');
    const thresholds = percentages.every((part) => /^-?\d{1,9}$/.test(part))
      ? percentages.map(Number)
      : undefined;
    const isNothing = percentages.length === 0 && !data.has('forecast') && !data.has('stop');
    const customer =
      subject === 'CUSTOMER' ? await findCustomer(text('customer'), data.get('choice')) : undefined;
    const found: Wrong = {
      ...(budget === undefined && names.includes(text('name')) ? { name: limits.wrong.nameTaken } : {}),
      ...(limit === undefined ? { limit: limits.wrong.number(`12${format.decimalSign}50`) } : {}),
      ...(thresholds === undefined ? { thresholds: limits.wrong.thresholds } : {}),
      ...(isNothing ? { thresholds: limits.wrong.nothing } : {}),
      ...(customer && !('id' in customer) ? customer : {}),
    };
    if (limit === undefined || thresholds === undefined || Object.keys(found).length > 0) return found;
    return {
      ...{
        workspaceId: workspace.id,
        name: budget?.name ?? text('name'),
        subject,
        measure,
        limit,
        thresholds,
      },
      interval: INTERVALS.find((known) => known === data.get('interval')) ?? 'MONTH',
      forecast: data.has('forecast'),
      enforcement: data.has('stop') ? 'STOP' : 'NOTIFY',
      ...(customer && 'id' in customer ? { customerId: customer.id } : {}),
    };
  }

  async function submit(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    if (busy) return;
    const data = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(undefined);
    try {
      const input = await read(data);
      if (!('workspaceId' in input)) return setWrong(input);
      setWrong({});
      if (way === 'command') return showCommand(setCommand(input));
      await client.mutate({ mutation: SetBudgetDocument, variables: { input } });
      onSaved(input.name);
    } catch (error) {
      const refused = problemOf(error);
      const field = FIELDS.find((known) => known === refused.field);
      if (field) setWrong({ [field]: refusalOf(field, measure, limits.wrong) });
      else setProblem(refused);
    } finally {
      setBusy(false);
    }
  }

  const unit = measure === 'COST' ? limits.currency(workspace.currency) : limits.turns;
  return (
    <form
      ref={form}
      className="budget-form"
      noValidate
      aria-label={budget ? limits.changing(budget.name) : limits.make}
      onSubmit={(event) => void submit(event)}
      onChange={() => showCommand(undefined)}
    >
      {problem && <Notice kind="warning" title={wholeRefusal(problem, words)} />}
      {budget === undefined && (
        <Field id={`${id}-name`} label={limits.name} wrong={wrong.name}>
          {(aria) => <input {...aria} name="name" maxLength={200} autoComplete="off" />}
        </Field>
      )}
      <Field id={`${id}-measure`} label={limits.measure}>
        {(aria) => (
          <select
            {...aria}
            name="measure"
            value={measure}
            onChange={({ target }) => setMeasure(MEASURES.find((known) => known === target.value) ?? 'COST')}
          >
            <option value="COST">{words.cost}</option>
            <option value="MESSAGES">{words.messagesCharged}</option>
          </select>
        )}
      </Field>
      <Field id={`${id}-limit`} label={limits.limitIn(unit)} wrong={wrong.limit}>
        {(aria) => (
          <input
            {...aria}
            name="limit"
            inputMode="decimal"
            autoComplete="off"
            defaultValue={budget?.limit.replace('.', format.decimalSign)}
          />
        )}
      </Field>
      <Field id={`${id}-interval`} label={limits.interval}>
        {(aria) => (
          <select {...aria} name="interval" defaultValue={budget?.interval ?? 'MONTH'}>
            {INTERVALS.map((interval) => (
              <option key={interval} value={interval}>
                {limits.intervals[interval]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field id={`${id}-subject`} label={limits.subject}>
        {(aria) => (
          <select
            {...aria}
            name="subject"
            value={subject}
            onChange={({ target }) =>
              setSubject(SUBJECTS.find((known) => known === target.value) ?? 'WORKSPACE')
            }
          >
            {SUBJECTS.map((known) => (
              <option key={known} value={known}>
                {limits.subjects[known]}
              </option>
            ))}
          </select>
        )}
      </Field>
      {subject === 'CUSTOMER' && (
        <>
          <Field id={`${id}-customer`} label={limits.customer} wrong={wrong.customerId}>
            {(aria) => (
              <input
                {...aria}
                name="customer"
                maxLength={200}
                autoComplete="off"
                defaultValue={budget?.customer ? nameOf(budget.customer, words) : ''}
                onChange={() => setCandidates([])}
              />
            )}
          </Field>
          {candidates.length > 0 && <Candidates candidates={candidates} />}
        </>
      )}
      <Field
        id={`${id}-thresholds`}
        label={limits.thresholds}
        hint={limits.thresholdsHint}
        wrong={wrong.thresholds}
      >
        {(aria) => (
          <input
            {...aria}
            name="thresholds"
            autoComplete="off"
            defaultValue={budget ? budget.thresholds.join(' ') : '50 80 100'}
          />
        )}
      </Field>
      <Field
        id={`${id}-forecast`}
        label={limits.forecast}
        hint={limits.forecastHint}
        wrong={wrong.forecast}
        className="check-field"
      >
        {(aria) => <input {...aria} type="checkbox" name="forecast" defaultChecked={budget?.forecast} />}
      </Field>
      <Field id={`${id}-stop`} label={limits.stop} hint={limits.stopHint} className="check-field">
        {(aria) => (
          <input {...aria} type="checkbox" name="stop" defaultChecked={budget?.enforcement === 'STOP'} />
        )}
      </Field>
      <p className="form-actions">
        <button type="submit" className="primary" disabled={busy}>
          {busy ? limits.saving : way === 'command' ? limits.writeCommand : limits.save}
        </button>
        <button type="button" onClick={onCancel}>
          {limits.cancel}
        </button>
      </p>
      {command !== undefined && <Command key={command} text={command} />}
    </form>
  );
}

/** What is refused in a field, said as the rule that holds for it. */
function refusalOf(field: keyof Wrong, measure: BudgetMeasure, wrong: Words['limits']['wrong']): string {
  if (field === 'limit') return wrong.limit[measure];
  return field === 'customerId' ? wrong.customerUnknown : wrong[field];
}

function wholeRefusal({ kind }: Problem, words: Words): string {
  if (kind === 'conflict') return words.limits.archived;
  return kind === 'input' ? words.limits.refused : words.problems[kind];
}

type Aria = Pick<InputHTMLAttributes<HTMLElement>, 'id' | 'aria-describedby' | 'aria-invalid'>;

/** A control with its label; its hint and what is wrong with it are read out with it. */
function Field(props: {
  id: string;
  label: string;
  hint?: string;
  wrong?: string | undefined;
  className?: string;
  children: (aria: Aria) => ReactNode;
}): ReactNode {
  const { id, label, hint, wrong, className = '', children } = props;
  const described = [wrong === undefined ? '' : `${id}-wrong`, hint === undefined ? '' : `${id}-hint`]
    .join(' ')
    .trim();
  return (
    <div className={`form-field ${className}`}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        ...(described === '' ? {} : { 'aria-describedby': described }),
        'aria-invalid': wrong !== undefined,
      })}
      {wrong !== undefined && (
        <p id={`${id}-wrong`} className="wrong small">
          {wrong}
        </p>
      )}
      {hint !== undefined && (
        <p id={`${id}-hint`} className="muted small">
          {hint}
        </p>
      )}
    </div>
  );
}

function Candidates({ candidates }: { candidates: readonly NamePartsFragment[] }): ReactNode {
  const words = useWords();
  return (
    <fieldset className="form-field candidates">
      <legend>{words.limits.whichOne}</legend>
      {candidates.map((customer) => (
        <label key={customer.id} className="check">
          <input type="radio" name="choice" value={customer.id} />
          <span>
            {nameOf(customer, words)}{' '}
            <span className="muted small">{customer.phoneNumber ?? customer.whatsappUserId}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
