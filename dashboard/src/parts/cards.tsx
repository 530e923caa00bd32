// The month at a glance.
import { type ReactNode, useId } from 'react';
import type { OverviewQuery } from '../gql/graphql';
import { useSpeech } from '../i18n/language';
import type { Decimal } from '../lib/decimal';
import { useFormat } from '../lib/format-context';
import type { View } from '../lib/location';

type Usage = OverviewQuery['usage'];

export function Cards({ usage, view }: { usage: Usage; view: View }): ReactNode {
  const { words } = useSpeech();
  const format = useFormat();
  const { totals, growth } = usage;
  const compared = format.period(growth.comparedTo.from, growth.comparedTo.to);
  const explained = `${words.basesExplained[view.basis]} ${words.comparedDates(format.span(growth.comparedTo.from, growth.comparedTo.to))}`;
  const average = totals.averageCostPerClient;
  return (
    <div className="cards">
      <Card name={words.cost} value={format.money(totals.cost)} main>
        <Change
          percent={growth.cost.percent}
          before={format.money(growth.cost.previous)}
          compared={compared}
          explained={explained}
        />
      </Card>
      <Card name={words.messagesCharged} value={format.count(totals.messages)}>
        <Change
          percent={growth.messages.percent}
          before={format.count(growth.messages.previous)}
          compared={compared}
          explained={explained}
        />
        <p className="muted small">{words.perMessage(format.money(usage.workspace.pricePerResponse))}</p>
      </Card>
      <Card name={words.activeClients} value={format.count(totals.activeClients)}>
        <Change
          percent={growth.activeClients.percent}
          before={format.count(growth.activeClients.previous)}
          compared={compared}
          explained={explained}
        />
        {average && <p className="muted small">{words.perClient(format.about(average))}</p>}
      </Card>
      <ForecastCard usage={usage} />
    </div>
  );
}

function ForecastCard({ usage }: { usage: Usage }): ReactNode {
  const { words, plural } = useSpeech();
  const format = useFormat();
  const { forecast, period } = usage;
  if (!forecast) {
    return (
      <Card name={words.forecast} value="–">
        <p className="muted small">{period.complete ? words.forecastComplete : words.forecastTooEarly}</p>
      </Card>
    );
  }
  return (
    <Card name={words.forecast} value={format.about(forecast.cost)}>
      <p className="small">{plural(words.messagesCount, forecast.messages)}</p>
      <p className="muted small">{words.forecastHint}</p>
    </Card>
  );
}

function Card(props: { name: string; value: string; main?: boolean; children: ReactNode }): ReactNode {
  const { name, value, main = false, children } = props;
  return (
    <section className={`card${main ? ' main' : ''}`} aria-label={name}>
      <h2>{name}</h2>
      <p className="figure">{value}</p>
      {children}
    </section>
  );
}

/** More is neither good nor bad here, so it has an arrow and no colour of alarm. */
function Change(props: {
  percent: Decimal | null;
  before: string;
  compared: string;
  explained: string;
}): ReactNode {
  const { percent, before, compared, explained } = props;
  const { words } = useSpeech();
  const format = useFormat();
  const id = useId();
  const arrow = percent === null || Number(percent) === 0 ? '' : percent.startsWith('-') ? '↓ ' : '↑ ';
  return (
    <div className="change">
      <p>
        {percent === null ? (
          <span className="muted small">{words.noGrowth}</span>
        ) : (
          <strong>
            <span aria-hidden="true">{arrow}</span>
            {format.percent(percent)}
          </strong>
        )}{' '}
        <button type="button" className="why" aria-label={words.growthExplained} aria-describedby={id}>
          ?
        </button>
        <span role="tooltip" id={id} className="bubble">
          {explained}
        </span>
      </p>
      <p className="muted small">
        {words.comparedWith(compared)}: {before}
      </p>
    </div>
  );
}
