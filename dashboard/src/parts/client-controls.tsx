import { type FormEvent, type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import type { ClientOrder } from '../gql/graphql';
import { useWords } from '../i18n/language';
import { changed, navigate, ORDERS, type View } from '../lib/location';

/** Whom to look for, and in which order all are listed. */
export function ClientControls({ view }: { view: View }): ReactNode {
  const words = useWords();
  // Two stretches have two last days.
  const orders: readonly ClientOrder[] =
    view.clients === 'COMPARED' ? ORDERS.filter((order) => order !== 'LAST_ACTIVE') : ORDERS;
  return (
    <div className="client-controls no-print">
      <Search view={view} />
      <label>
        <span className="visually-hidden">{words.orderBy}</span>
        <select
          name="order"
          value={orders.includes(view.order) ? view.order : 'COST'}
          disabled={view.search !== '' || view.segment !== undefined}
          onChange={({ target }) => {
            const order = ORDERS.find((known) => known === target.value);
            if (order) navigate(changed(view, { order }));
          }}
        >
          {orders.map((order) => (
            <option key={order} value={order}>
              {words.orders[order]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

const TYPING_MS = 350;

function Search({ view }: { view: View }): ReactNode {
  const words = useWords();
  const [text, setText] = useState(view.search);
  const latest = useRef(view);
  latest.current = view;
  const look = useCallback((search: string) => {
    if (search.trim() === latest.current.search) return;
    navigate(changed(latest.current, { search: search.trim() }), { replace: true });
  }, []);
  useEffect(() => {
    const timer = setTimeout(() => look(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, look]);
  // The address changes by itself when the reader goes back.
  useEffect(() => setText(view.search), [view.search]);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    look(text);
  };
  return (
    <search>
      <form onSubmit={submit}>
        <input
          type="search"
          name="search"
          maxLength={200}
          aria-label={words.searchClients}
          placeholder={words.search}
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
      </form>
    </search>
  );
}
