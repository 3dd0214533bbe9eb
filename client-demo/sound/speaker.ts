import { Cell } from '../common/cell.ts';
import { shared } from '../common/storage.ts';
import { sounds, type SoundName, type Voice } from './sounds.ts';

const key = 'rejoin.sound';
/** Minimum interval (ms) between two sounds of one name: eight craft in one place would be too loud. */
const apart = 60;
const volume = 0.5;

/** Plays the sounds of the page. The audio context is created only when a visitor turns sound on. */
export class Speaker {
  readonly on = new Cell(shared.getItem(key) === 'on');
  private context: AudioContext | null = null;
  private hiss: AudioBuffer | null = null;
  private readonly last = new Map<SoundName, number>();

  /** Browsers allow audio only after a user gesture: the first one starts it, if sound is on. */
  attach(page: Window): void {
    page.addEventListener('pointerdown', () => this.wake());
    page.addEventListener('keydown', () => this.wake());
  }

  toggle(): void {
    this.on.set(!this.on.value);
    shared.setItem(key, this.on.value ? 'on' : 'off');
    if (!this.on.value) return void this.context?.suspend();
    this.wake();
    this.play('turn');
  }

  readonly play = (sound: SoundName): void => {
    const { context } = this;
    const now = performance.now();
    if (!this.on.value || !context || now - (this.last.get(sound) ?? -Infinity) < apart) return;
    this.last.set(sound, now);
    for (const voice of sounds[sound] as readonly Voice[]) this.say(context, voice);
  };

  private wake(): void {
    if (!this.on.value || typeof AudioContext === 'undefined') return;
    this.context ??= new AudioContext();
    if (this.context.state === 'suspended') void this.context.resume();
  }

  private say(context: AudioContext, voice: Voice): void {
    const from = context.currentTime + (voice.at ?? 0);
    const until = from + voice.for;
    const gain = context.createGain();
    gain.gain.setValueAtTime(0, from);
    gain.gain.linearRampToValueAtTime(voice.loud * volume, from + 0.008);
    gain.gain.exponentialRampToValueAtTime(0.0001, until);
    gain.connect(context.destination);
    const source = voice.is === 'tone' ? tone(context, voice, from, until) : this.noise(context, voice, gain);
    if (voice.is === 'tone') source.connect(gain);
    source.start(from);
    source.stop(until);
    source.addEventListener('ended', () => gain.disconnect());
  }

  private noise(
    context: AudioContext,
    { band, sharp = 1 }: Voice & { is: 'noise' },
    to: GainNode,
  ): AudioBufferSourceNode {
    const source = context.createBufferSource();
    source.buffer = this.hiss ??= hissOf(context);
    const filter = context.createBiquadFilter();
    filter.type = 'bandpass';
    filter.frequency.value = band;
    filter.Q.value = sharp;
    source.connect(filter).connect(to);
    return source;
  }
}

function tone(
  context: AudioContext,
  { wave, from: low, to }: Voice & { is: 'tone' },
  from: number,
  until: number,
): OscillatorNode {
  const source = context.createOscillator();
  source.type = wave;
  source.frequency.setValueAtTime(low, from);
  if (to !== undefined) source.frequency.exponentialRampToValueAtTime(to, until);
  return source;
}

function hissOf(context: AudioContext): AudioBuffer {
  const buffer = context.createBuffer(1, context.sampleRate / 2, context.sampleRate);
  const samples = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i++) samples[i] = Math.random() * 2 - 1;
  return buffer;
}

export const speaker = new Speaker();
