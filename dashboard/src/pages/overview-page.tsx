import type { ReactNode } from 'react';
import { PeakHours } from '../charts/peak-hours';
import { Timeline, TimelineKeys } from '../charts/timeline';
import { HoursPicker, Week } from '../charts/week';
import type { OverviewQuery, TodayQuery } from '../gql/graphql';
import { useWords } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import { changed } from '../lib/location';
import { growthOf, type Overview, useOverview } from '../lib/overview';
import { monthOfChoice } from '../lib/period';
import { useSession } from '../lib/session';
import { useToday } from '../lib/today';
import { Budgets } from '../parts/budgets';
import { Cards } from '../parts/cards';
import { Clients } from '../parts/clients';
import { Empty } from '../parts/empty';
import { FailingWebhooks, useFailingWebhooks } from '../parts/failing-webhooks';
import type { PageProps } from '../parts/frame';
import { Link } from '../parts/link';
import { Morning } from '../parts/morning';
import { ProblemNotice } from '../parts/notice';
import { Outcomes } from '../parts/outcomes';
import { Panel, Skeleton } from '../parts/panel';

export function OverviewPage(props: PageProps): ReactNode {
  const overview = useOverview(props.view, props.workspace);
  const today = useToday(props.view, props.workspace, new Date());
  const webhooks = useFailingWebhooks(props.workspace, props.viewer.scopes);
  const { data, problem, retry } = overview;
  // Together with the figures, so that these don't move when it comes.
  const settled = (today.settled && webhooks.settled) || problem !== undefined;
  return (
    <>
      {problem && <ProblemNotice problem={problem} kept={data !== undefined} onRetry={retry} />}
      {data && settled ? (
        <Figures
          {...props}
          {...{ data, overview }}
          today={today.data}
          note={<FailingWebhooks failing={webhooks.failing} />}
        />
      ) : (
        !problem && <Skeletons />
      )}
    </>
  );
}

function Figures(
  props: PageProps & {
    data: OverviewQuery;
    overview: Overview;
    today: TodayQuery | undefined;
    note: ReactNode;
  },
): ReactNode {
  const { data, overview, view, today, note } = props;
  const { timeZone, currency } = props.workspace;
  const { usage } = data;
  const saved = usage.outcomes.reduce((sum, { messages }) => sum + messages, 0);
  const before = growthOf(data).messages.previous;
  return (
    <div className={overview.current ? 'figures' : 'figures stale'} aria-busy={!overview.current}>
      <Heading {...props} />
      {today && <Morning data={today} timeZone={timeZone} />}
      {note}
      {(saved > 0 || before > 0) && <Cards data={data} view={view} />}
      {today && <Budgets data={today} currency={currency} view={view} scopes={props.viewer.scopes} />}
      {saved === 0 ? <Empty view={view} running={!usage.period.complete} /> : <Plots {...props} />}
      {/* Nobody came, and somebody had before: who stayed away. */}
      {saved === 0 && before > 0 && <Clients {...props} />}
    </div>
  );
}

function Plots(props: PageProps & { data: OverviewQuery; overview: Overview }): ReactNode {
  const { data, overview, view, workspace, viewer } = props;
  const words = useWords();
  const { usage } = data;
  const beforeName = words.beforeNames[view.compare];
  return (
    <>
      <Panel title={words.costOverTime} aside={<TimelineKeys beforeName={beforeName} />}>
        <Timeline
          title={words.costOverTime}
          className="tall"
          points={usage.timeline}
          before={{ name: beforeName, points: data.previous.timeline }}
          period={usage.period}
          total={usage.totals.cost}
          interval={overview.interval}
        />
      </Panel>
      <div className="two">
        <Panel title={words.peakHours}>
          <PeakHours usage={usage} />
        </Panel>
        <Panel title={words.weekAtAGlance} className="week" aside={<HoursPicker view={view} />}>
          <Week usage={usage} view={view} workspace={workspace} />
        </Panel>
      </div>
      <div className="two uneven">
        <Clients {...props} />
        <Outcomes usage={usage} view={view} scopes={viewer.scopes} />
      </div>
    </>
  );
}

function Heading(props: PageProps & { data: OverviewQuery; overview: Overview }): ReactNode {
  const { data, overview, view, workspace } = props;
  const words = useWords();
  const format = useFormat();
  const { statement } = data;
  const { month } = monthOfChoice(view.period, workspace.timeZone, new Date());
  const stopped = useSession()?.expired === true || overview.problem !== undefined;
  const { period } = data.usage;
  const state = stopped ? 'stopped' : period.complete ? 'complete' : 'live';
  return (
    <div className="heading">
      <h1>{format.period(period.from, period.to)}</h1>
      <p className={`as-of small ${state}`}>
        <i aria-hidden="true" />
        {words.states[state]}
        {overview.asOf && <span className="as-of-time">{words.asOf(format.time(overview.asOf))}</span>}
      </p>
      {statement && (
        <p className="small closed">
          <Link view={changed(view, { page: { name: 'statement', month } })}>
            {words.closedNote(format.count(statement.number), format.money(statement.total))}
          </Link>
        </p>
      )}
    </div>
  );
}

function Skeletons(): ReactNode {
  const words = useWords();
  return (
    <div className="figures" aria-busy="true">
      <p className="visually-hidden" role="status">
        {words.loading}
      </p>
      <Skeleton className="heading-shape" />
      <div className="cards">
        <Skeleton className="card-shape" />
        <Skeleton className="card-shape" />
        <Skeleton className="card-shape" />
        <Skeleton className="card-shape" />
      </div>
      <Skeleton className="tall-shape" />
      <div className="two">
        <Skeleton className="tall-shape" />
        <Skeleton className="tall-shape" />
      </div>
    </div>
  );
}
