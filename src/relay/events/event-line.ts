// Turns an event into a log line: a constant message, facts as fields. Contains no token and no URL's query.

import type { Facts } from '../../log/log.js';
import { shownUrl } from '../dial/kinds/kind-of.js';
import type { EventBody } from './event.js';

/** A log line. */
export interface LogLine {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly facts: Facts;
}

/** The log line of an event. */
export function lineOf(event: EventBody): LogLine {
  switch (event.type) {
    case 'rule-set':
      return info(...ruleSet(event));
    case 'rule-deleted':
      return info(...ruleDeleted(event));
    case 'feed-up': {
      const { feed, source, before } = event;
      if (before === undefined) return info('feed up', { feed, source });
      return info('feed taken over by a newer source', { feed, source, before });
    }
    case 'feed-down':
      return info('feed down', { feed: event.feed, source: event.source });
    case 'feed-fault': {
      const { feed, fault } = event;
      if (fault === null) return info('feed has recovered', { feed });
      return warn('feed has a fault', { feed, reason: fault.message, fault: fault.code });
    }
    case 'tracks-changed': {
      const tracks = event.tracks.map(({ kind, codec }) => `${kind} ${codec}`).join(', ');
      return info('tracks changed', { name: event.name, tracks: tracks === '' ? 'none' : tracks });
    }
    case 'link-open':
      return info('link open', { destination: event.destination, endpoint: event.endpoint });
    case 'link-lost':
      return warn('link lost', linkFacts(event));
    case 'link-refused':
      return warn('endpoint not reached', linkFacts(event));
    case 'destination-fault': {
      const { destination, fault } = event;
      if (fault === null) return info('destination has recovered', { destination });
      return warn('destination has a fault', { destination, reason: fault.message, fault: fault.code });
    }
    case 'state-fault': {
      const { fault } = event;
      if (fault === null) return info('every rule in force is saved', {});
      return warn('saved rules have a fault', { reason: fault.message, fault: fault.code });
    }
    case 'dropping-started':
      if (event.reader === 'viewer') return warn('viewer is slow: dropping messages', { name: event.name });
      return warn('endpoint is slow: dropping messages', { destination: event.name });
    case 'dropping-ended': {
      const { name, messages, bytes } = event;
      if (event.reader === 'viewer') return info('viewer keeps up again', { name, messages, bytes });
      return info('dropping has ended', { destination: name, messages, bytes });
    }
  }
}

function ruleSet({ kind, name, rule }: EventBody & { type: 'rule-set' }): [string, Facts] {
  switch (kind) {
    case 'stream':
      return ['stream rule set', { stream: name, feeds: (rule.feeds as string[]).join(',') }];
    case 'destination':
      return [
        'destination rule set',
        {
          destination: name,
          stream: String(rule.stream),
          endpoint: shownUrl(String(rule.destination), rule.tokenSet === true ? '' : null),
        },
      ];
    case 'mute':
      return ['muted', muteFacts(name, rule)];
  }
}

function muteFacts(feed: string, { tracks, binary, known }: Readonly<Record<string, unknown>>): Facts {
  const more = known === false ? { note: 'no such feed now; it will be muted when it comes' } : {};
  return { feed, tracks: String(tracks), ...(binary === 'pass' ? { binary } : {}), ...more };
}

function ruleDeleted({ kind, name }: EventBody & { type: 'rule-deleted' }): [string, Facts] {
  if (kind === 'mute') return ['unmuted', { feed: name }];
  return kind === 'stream'
    ? ['stream rule deleted', { stream: name }]
    : ['destination rule deleted', { destination: name }];
}

function linkFacts({ destination, endpoint, fault }: EventBody & { type: 'link-lost' | 'link-refused' }): Facts {
  return { destination, endpoint, reason: fault.message, fault: fault.code };
}

function info(message: string, facts: Facts): LogLine {
  return { level: 'info', message, facts };
}

function warn(message: string, facts: Facts): LogLine {
  return { level: 'warn', message, facts };
}
