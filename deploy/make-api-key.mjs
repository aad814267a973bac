// Prints a new API key for MILLRACE_BOOTSTRAP_API_KEY. Needs a build: in a checkout `npm run build`, or the image.
import { makeApiKey } from '@millrace/intake';
import { systemRng } from '@millrace/kernel';

process.stdout.write(`${makeApiKey(systemRng)}\n`);
