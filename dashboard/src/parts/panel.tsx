import { type ReactNode, useId } from 'react';

export function Panel(props: {
  title: string;
  className?: string;
  aside?: ReactNode;
  children: ReactNode;
}): ReactNode {
  const { title, className = '', aside, children } = props;
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <div className="panel-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** Stands where figures will stand, in their size, so that nothing jumps. */
export function Skeleton({ className = '' }: { className?: string }): ReactNode {
  return <div className={`skeleton ${className}`} aria-hidden="true" />;
}
