import type { ReactNode } from 'react';
import type { TodayQuery } from '../gql/graphql';
import { useSpeech } from '../i18n/language';
import { useFormat } from '../lib/format-context';
import { type Morning as Figures, morningOf } from '../lib/today';

/** From here on a percentage says no more than that it is far more. */
const FAR = 1000;

/** Yesterday in one sentence, and which limits are reached: made of figures that the API gives, by rule. */
export function Morning({ data, timeZone }: { data: TodayQuery; timeZone: string }): ReactNode {
  const { words, plural } = useSpeech();
  const format = useFormat();
  const figures = morningOf(data, timeZone);
  const reached = data.budgets.filter(({ state }) => Number(state.usedPercent) >= 100);
  const [first] = reached;
  const limits =
    first === undefined
      ? []
      : [
          reached.length === 1
            ? words.limitReachedOf(first.name)
            : plural(words.limitsReached, reached.length),
        ];
  const said = [...(figures ? [sentence(figures)] : []), ...limits];
  return said.length === 0 ? null : <p className="morning">{said.join(' ')}</p>;

  function sentence({ messages, cost, weekday, percent, unanswered, worst }: Figures): string {
    const { morning } = words;
    const day = morning.averageDays[weekday - 1] ?? '';
    const parts = [
      messages === 0
        ? morning.none
        : morning.charged(plural(words.messagesCount, messages), format.money(cost)),
    ];
    if (messages > 0 && percent !== undefined) parts.push(compared(percent, day));
    const charged = parts.join(', ');
    if (unanswered === 0) return `${charged}.`;
    const hour = worst && Number(format.hourOf(worst.from).slice(0, 2));
    const when =
      worst === undefined || hour === undefined
        ? ''
        : (worst.messages === unanswered ? morning.allBetween : morning.mostBetween)(hour, (hour + 1) % 24);
    return `${charged}; ${plural(morning.unanswered, unanswered)}${when}.`;
  }

  function compared(percent: number, day: string): string {
    const { morning } = words;
    if (percent === 0) return morning.same(day);
    if (percent >= FAR) return morning.far(day);
    const size = format.wholePercent(Math.abs(percent));
    return percent > 0 ? morning.more(size, day) : morning.less(size, day);
  }
}
