// The period at a glance.
import { type CSSProperties, type ReactNode, useId } from 'react';
import type { OverviewQuery } from '../gql/graphql';
import { useSpeech } from '../i18n/language';
import { asDecimal, type Decimal } from '../lib/decimal';
import { useFormat } from '../lib/format-context';
import type { View } from '../lib/location';
import { growthOf } from '../lib/overview';

type Usage = OverviewQuery['usage'];

export function Cards({ data, view }: { data: OverviewQuery; view: View }): ReactNode {
  const { words } = useSpeech();
  const format = useFormat();
  const { usage } = data;
  const { totals, period } = usage;
  const growth = growthOf(data);
  const { from, to } = growth.comparedTo;
  const money = format.moneyLike([totals.cost, growth.cost.previous]);
  const average = totals.averageCostPerClient;
  // At one price all along both say the same, so it is said once.
  const sameGrowth = growth.messages.percent === growth.cost.percent;
  return (
    <div className="cards">
      <Card name={words.cost} value={money(totals.cost)} main>
        <Change
          percent={growth.cost.percent}
          explained={`${words.comparisonsExplained[view.compare]} ${words.comparedDates(format.span(from, to))}`}
        />
        <p className="muted small">
          {words.comparedWith(format.periodBeside(from, to, period.from))}:{' '}
          <Nowrap>{money(growth.cost.previous)}</Nowrap>
        </p>
        {usage.margin && <MarginLine margin={usage.margin} />}
      </Card>
      <Card name={words.messagesCharged} value={format.count(totals.messages)}>
        {!sameGrowth && <Change percent={growth.messages.percent} />}
        <p className="muted small">{words.before(format.count(growth.messages.previous))}</p>
        <p className="muted small">{words.perMessage(format.money(usage.workspace.pricePerResponse))}</p>
      </Card>
      <Card name={words.activeClients} value={format.count(totals.activeClients)}>
        <p className="muted small">{words.before(format.count(growth.activeClients.previous))}</p>
        {average && <p className="muted small">{words.perClient(format.about(average))}</p>}
      </Card>
      <ForecastCard usage={usage} />
    </div>
  );
}

/** Only where costs are known: most shops pay neither a model nor a channel themselves. */
function MarginLine({ margin }: { margin: NonNullable<Usage['margin']> }): ReactNode {
  const { words } = useSpeech();
  const format = useFormat();
  const { llmCost, channelCost, coverage } = margin;
  return (
    <p className="small margin">
      {words.marginLeft(format.about(margin.margin), format.about(llmCost), format.about(channelCost))}{' '}
      {Number(coverage) < 1 && (
        <span className="muted">{words.marginCovered(format.share(cut(coverage)))}</span>
      )}
    </p>
  );
}

/** To a tenth of a percent, cut off: 100 % means all. */
const cut = (share: Decimal): Decimal => asDecimal(share.slice(0, '0.999'.length));

/** Only while the period runs: what is over needs none. */
function ForecastCard({ usage }: { usage: Usage }): ReactNode {
  const { words, plural } = useSpeech();
  const format = useFormat();
  const { forecast, period } = usage;
  if (period.complete) return null;
  if (!forecast) {
    return (
      <Card name={words.forecast} value="–">
        <p className="muted small">{words.forecastTooEarly}</p>
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

/** A figure is never broken: one that is too long for its card is written smaller. */
export function Card(props: { name: string; value: string; main?: boolean; children: ReactNode }): ReactNode {
  const { name, value, main = false, children } = props;
  const length: CSSProperties & Record<'--length', number> = { '--length': value.length };
  return (
    <section className={`card${main ? ' main' : ''}`} aria-label={name}>
      <h2>{name}</h2>
      <p className="figure" style={length}>
        {value}
      </p>
      {children}
    </section>
  );
}

const Nowrap = ({ children }: { children: ReactNode }): ReactNode => (
  <span className="nowrap">{children}</span>
);

/** From here on a percentage tells only how little there was before. */
export const MUCH = 1000;

/** In a row of a table: a dash where there is nothing to say. */
export function BriefChange({ percent }: { percent: Decimal | null }): ReactNode {
  const { words } = useSpeech();
  const format = useFormat();
  if (percent !== null && Number(percent) < MUCH)
    return (
      <span className="contact small">
        <span aria-hidden="true">{arrowOf(percent)}</span>
        {format.percent(percent)}
      </span>
    );
  return (
    <span className="contact small muted">
      <span aria-hidden="true">–</span>
      <span className="visually-hidden">{percent === null ? words.noGrowth : words.tooLittleBefore}</span>
    </span>
  );
}

const arrowOf = (percent: Decimal): string =>
  Number(percent) === 0 ? '' : percent.startsWith('-') ? '↓ ' : '↑ ';

/** More is neither good nor bad here, so it has an arrow and no colour of alarm. */
function Change({ percent, explained }: { percent: Decimal | null; explained?: string }): ReactNode {
  const { words } = useSpeech();
  const format = useFormat();
  const id = useId();
  return (
    <div className="change">
      {percent === null || Number(percent) >= MUCH ? (
        <span className="muted small">{percent === null ? words.noGrowth : words.tooLittleBefore}</span>
      ) : (
        <strong className="nowrap">
          <span aria-hidden="true">{arrowOf(percent)}</span>
          {format.percent(percent)}
        </strong>
      )}
      {explained !== undefined && (
        <>
          {' '}
          <button type="button" className="why" aria-label={words.growthExplained} aria-describedby={id}>
            <span aria-hidden="true">?</span>
          </button>
          <span role="tooltip" id={id} className="bubble">
            {explained}
          </span>
        </>
      )}
    </div>
  );
}
