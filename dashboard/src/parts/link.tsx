import type { AnchorHTMLAttributes, MouseEvent, ReactNode } from 'react';
import { addressOf, navigate, type View } from '../lib/location';

/** A link to a view: a real one, for new tabs and copying, that needs no reload. */
export function Link(
  props: { view: View; children: ReactNode } & AnchorHTMLAttributes<HTMLAnchorElement>,
): ReactNode {
  const { view, children, ...rest } = props;
  const onClick = (event: MouseEvent): void => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const samePage =
      addressOf(view).split('?')[0] === location.pathname &&
      new URLSearchParams(location.search).get('workspace') === (view.workspace ?? null);
    navigate(view);
    if (samePage) return;
    scrollTo(0, 0);
    // When the other page is there.
    requestAnimationFrame(() => document.getElementById('figures')?.focus({ preventScroll: true }));
  };
  return (
    <a {...rest} href={addressOf(view)} onClick={onClick}>
      {children}
    </a>
  );
}
