// Re-exports of test support for the tests of links and topics, under the names that those use.

export { afterTest } from '../support/cleanup.js';
export { pause as window, until } from '../support/wait.js';
