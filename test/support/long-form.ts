// What `npm run test:soak` has and `npm test` leaves out.

/** Whether this run has the long forms. */
export const hasLongForms = process.env.LONG_FORMS === '1';

/** A variant of what `npm test` shows in one form: it starts processes and databases of its own, for seconds each. */
export const longForm: jest.It = hasLongForms ? it : it.skip;
