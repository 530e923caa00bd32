import type { ReactNode } from 'react';
import type { MessagesQuery } from '../gql/graphql';
import { useWords } from '../i18n/language';
import { nameOf } from '../lib/customer-name';
import { useFormat } from '../lib/format-context';

type Message = MessagesQuery['messages']['nodes'][number];

/** What was written, what was answered, and what became of it. */
export function Turn({ message }: { message: Message }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const { customer, tracking, textRemovedAt } = message;
  const missing = (text: string): ReactNode => <em className="muted">{text}</em>;
  const isRemoved = textRemovedAt !== null;
  return (
    <li className="panel turn">
      <div className="turn-head">
        <strong>{customer ? nameOf(customer, words) : words.unknownSender}</strong>
        <span className="muted small">{message.phoneNumber ?? message.whatsappUserId}</span>
        <time dateTime={message.occurredAt} className="muted small">
          {format.dateTime(message.occurredAt)}
        </time>
        <span className={`badge ${tracking.outcome.toLowerCase()}`}>
          {words.outcomes[tracking.outcome]}
          {tracking.usage && ` · ${format.money(tracking.usage.price)}`}
        </span>
      </div>
      <dl>
        <dt className="visually-hidden">{words.wrote}</dt>
        <dd className="wrote">{message.message || missing(isRemoved ? words.textRemoved : words.noText)}</dd>
        <dt className="visually-hidden">{words.answered}</dt>
        <dd className="answered">
          {message.response ||
            missing(isRemoved && tracking.outcome !== 'NO_RESPONSE' ? words.textRemoved : words.noAnswer)}
        </dd>
      </dl>
    </li>
  );
}
