// The first import of the process: libraries read NODE_ENV while they are loaded.
import { config as readDotenv } from 'dotenv';

const { parsed } = readDotenv({ processEnv: {}, quiet: true });

/** The operator's settings: the environment, then the file .env for settings that the environment lacks. */
export const environment: Readonly<Record<string, string | undefined>> = { ...parsed, ...process.env };

// In any other mode graphql-js checks every type again, which takes a tenth of an operation's time.
process.env.NODE_ENV ??= environment.NODE_ENV ?? 'production';
