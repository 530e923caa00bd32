import type { ReactNode } from 'react';
import { useWords } from '../i18n/language';
import { nameOf } from '../lib/customer-name';
import { useFormat } from '../lib/format-context';
import type { Message } from '../lib/messages';
import { Outcome } from './outcome';
import { Said } from './said';

/** What was written, what was answered, and what became of it. */
export function Turn({ message }: { message: Message }): ReactNode {
  const words = useWords();
  const format = useFormat();
  const { customer } = message;
  return (
    <li className="panel turn">
      <div className="turn-head">
        <strong dir="auto">{customer ? nameOf(customer, words) : words.unknownSender}</strong>
        <span className="muted small">{message.phoneNumber ?? message.whatsappUserId}</span>
        <time dateTime={message.occurredAt} className="muted small">
          {format.dateTime(message.occurredAt)}
        </time>
        <Outcome tracking={message.tracking} />
      </div>
      <Said message={message} />
    </li>
  );
}
