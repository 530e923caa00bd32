// What a customer is called on the page. The server stores "Erased customer 17" of somebody who was erased.
import type { NamePartsFragment } from '../gql/graphql';
import type { Words } from '../i18n/en';

/** Everybody has a contact until they are erased. */
export const isErased = ({ phoneNumber, whatsappUserId }: NamePartsFragment): boolean =>
  phoneNumber === null && whatsappUserId === null;

export function nameOf(customer: NamePartsFragment, words: Words): string {
  const number = isErased(customer) ? /\d+$/.exec(customer.name)?.[0] : undefined;
  return number === undefined ? customer.name : words.erasedClient(number);
}
