"""heard.py FILE: says of samples (floats) that were recorded: the frequency at first, and the form of the
wave at the end."""
import array, statistics, sys

samples = array.array("f", open(sys.argv[1], "rb").read())
first = next(i for i, x in enumerate(samples) if x)
ups = [i for i in range(first + 1, first + 8000) if samples[i - 1] <= 0 < samples[i]]
period = statistics.mean(sorted(b - a for a, b in zip(ups, ups[1:]))[10:-10])
print("frequency", round(44100 / period))
end = [abs(x) for x in samples[-4000:] if x][-500:]
print("wave", "square" if max(end) < 1.2 * min(end) else "round")
