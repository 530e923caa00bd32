import type { ReactNode } from 'react';
import type { CustomerPartsFragment } from '../gql/graphql';
import { useWords } from '../i18n/language';
import { isErased, nameOf } from '../lib/customer-name';
import { changed, type View } from '../lib/location';
import { Link } from './link';

/** A client in a table: name and contact, and the way to their page. */
export function Who({ customer, view }: { customer: CustomerPartsFragment; view: View }): ReactNode {
  const words = useWords();
  const { id, phoneNumber, whatsappUserId, activeChatbot } = customer;
  const name = nameOf(customer, words);
  return (
    <>
      <Link className="name" title={name} view={changed(view, { page: { name: 'client', id }, search: '' })}>
        {name}
      </Link>
      <span className="muted small contact">
        {phoneNumber ?? whatsappUserId}
        {!activeChatbot && !isErased(customer) && ` · ${words.chatbotOff}`}
      </span>
    </>
  );
}
