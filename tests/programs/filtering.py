"""A signal under noise, cleaned in the domain of frequencies; a spectrogram; convolution both ways."""

import numpy as np


def noise(count, seed):
    """Numbers in [0, 1) that look random."""
    k = np.arange(count) * 7919 + seed * 104729
    return (k * k % 1000003 * 31 + k * 17) % 1000003 / 1000003


rate, count = 512, 2048
t = np.arange(count) / rate
clean = np.sin(2 * np.pi * 12 * t) + 0.5 * np.sin(2 * np.pi * 40 * t + 0.3)
noisy = clean + 1.5 * (noise(count, 3) - 0.5) + 0.3 * np.cos(2 * np.pi * 50 * t)

spectrum = np.fft.rfft(noisy)
frequencies = np.fft.rfftfreq(count, 1 / rate)
power = np.abs(spectrum) ** 2 / count
peaks = np.sort(frequencies[np.argsort(power)[-3:]])
print("strongest frequencies:", peaks)

band = np.zeros_like(frequencies)
for centre in (12, 40):
    band += np.exp(-(((frequencies - centre) / 1.5) ** 2))
filtered = np.fft.irfft(spectrum * np.minimum(band, 1), n=count)
before, after = np.std(noisy - clean), np.std(filtered - clean)
print(f"error {before:.6f} before, {after:.6f} after")
energy = np.sum(noisy**2), np.sum(np.abs(np.fft.fft(noisy)) ** 2) / count
print("Parseval:", np.isclose(*energy))

# A spectrogram of a rising tone, by windows that overlap.
chirp = np.sin(2 * np.pi * (10 * t + 25 * t**2))
window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(128) / 128)
starts = np.arange(0, count - 128 + 1, 64)
frames = chirp[starts[:, None] + np.arange(128)] * window
spectrogram = np.abs(np.fft.rfft(frames, axis=1))
ridge = np.fft.rfftfreq(128, 1 / rate)[spectrogram.argmax(axis=1)]
slope = np.polyfit(t[starts] + 64 / rate, ridge, 1)[0]
print(f"the tone rises by {slope:.2f} Hz a second")

# A moving mean as a convolution, directly and by the transform.
kernel = np.ones(9) / 9
direct = np.convolve(noisy, kernel, mode="full")
padded = len(noisy) + len(kernel) - 1
transformed = np.fft.ifft(np.fft.fft(noisy, padded) * np.fft.fft(kernel, padded)).real
print("the same convolution:", np.allclose(direct, transformed))
shifted = np.fft.fftshift(np.fft.fftfreq(8, 1 / 8))
print("frequencies in order:", shifted.tolist())
results = filtered, power, spectrogram, direct
