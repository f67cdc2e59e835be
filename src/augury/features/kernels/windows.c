/* Windows: computed afresh from the values inside, in an order that depends on the length alone. */
#include "machine.h"

#include <string.h>

/* Sum of n values spaced `step` apart, the newest first. */
WIDE static void spaced_sum(double *restrict r, const double *restrict x, int64_t n, int64_t step,
                            int64_t first, int64_t rows) {
    for (int64_t t = first; t < rows; t += TILE) {
        int64_t end = t + TILE < rows ? t + TILE : rows;
        for (int64_t i = t; i < end; i++) r[i] = x[i];
        for (int64_t k = 1; k < n; k++) {
            const double *old = x - k * step;
            for (int64_t i = t; i < end; i++) r[i] += old[i];
        }
    }
}

/* Long windows are sums of sums of sixteen: the order of additions still depends on n alone. */
void window_sum(double *r, const double *x, int64_t n, double *scratch, int64_t rows) {
    int64_t blocks = n / 16, rest = n % 16, first = blank(r, n - 1, rows);
    if (first >= rows) return;
    if (n <= 32) { spaced_sum(r, x, n, 1, n - 1, rows); return; }
    spaced_sum(scratch, x, 16, 1, 15, rows);
    spaced_sum(r, scratch, blocks, 16, n - 1, rows);
    for (int64_t k = 0; k < rest; k++) {
        const double *old = x - (blocks * 16 + k);
        for (int64_t i = n - 1; i < rows; i++) r[i] += old[i];
    }
}

#define COUNTED(k) (x[i - (k)] != x[i - (k)] ? NAN : (x[i - (k)] > threshold[i] ? weight[i - (k)] : 0.0))

/* Sum of the weights of those of the last n values that lie above the newest threshold, the newest first. */
WIDE void sum_above(double *restrict r, const double *restrict weight, const double *restrict x,
                           const double *restrict threshold, int64_t n, int64_t rows) {
    blank(r, n - 1, rows);
    for (int64_t t = n - 1; t < rows; t += TILE) {
        int64_t end = t + TILE < rows ? t + TILE : rows;
        for (int64_t i = t; i < end; i++) r[i] = threshold[i] != threshold[i] ? NAN : 0.0;
        int64_t k = 0;
        for (; k + 4 <= n; k += 4)
            for (int64_t i = t; i < end; i++)
                r[i] = r[i] + COUNTED(k) + COUNTED(k + 1) + COUNTED(k + 2) + COUNTED(k + 3);
        for (; k < n; k++)
            for (int64_t i = t; i < end; i++) r[i] += COUNTED(k);
    }
}

/* Deviations from the newest value: exact on a flat series at any price level. */
WIDE static void deviations(double *restrict first, double *restrict second, const double *restrict x,
                            int64_t n, int64_t rows) {
    for (int64_t t = n - 1; t < rows; t += TILE) {
        int64_t end = t + TILE < rows ? t + TILE : rows;
        for (int64_t i = t; i < end; i++) first[i] = second[i] = 0.0;
        for (int64_t k = 1; k < n; k++) {
            const double *old = x - k;
            for (int64_t i = t; i < end; i++) {
                double d = old[i] - x[i];
                first[i] += d;
                second[i] += d * d;
            }
        }
    }
}

/* Short means are taken around the newest value: exact on a flat series. Long ones are sums of sums. */
WIDE static void short_mean(double *restrict r, const double *restrict x, int64_t n, int64_t rows) {
    blank(r, n - 1, rows);
    for (int64_t t = n - 1; t < rows; t += TILE) {
        int64_t end = t + TILE < rows ? t + TILE : rows;
        for (int64_t i = t; i < end; i++) r[i] = 0.0;
        for (int64_t k = 1; k < n; k++) {
            const double *old = x - k;
            for (int64_t i = t; i < end; i++) r[i] += old[i] - x[i];
        }
        for (int64_t i = t; i < end; i++) r[i] = x[i] + r[i] / (double)n;
    }
}

void window_mean(double *r, const double *x, int64_t n, double *scratch, int64_t rows) {
    if (n <= 32) { short_mean(r, x, n, rows); return; }
    window_sum(r, x, n, scratch, rows);
    for (int64_t i = n - 1; i < rows; i++) r[i] /= (double)n;
}

WIDE void window_sd(double *restrict r, const double *restrict x, int64_t n, int64_t freedom,
                           double *restrict scratch, int64_t rows) {
    if (blank(r, n - 1, rows) >= rows) return;
    deviations(r, scratch, x, n, rows);
    for (int64_t i = n - 1; i < rows; i++) {
        double variance = (scratch[i] - r[i] * r[i] / (double)n) / (double)freedom;
        r[i] = variance != variance ? NAN : sqrt(variance > 0.0 ? variance : 0.0);
    }
}

WIDE void covariance(double *restrict r, const double *restrict x, const double *restrict y, int64_t n,
                            int64_t freedom, double *restrict a, double *restrict b, int64_t rows) {
    blank(r, n - 1, rows);
    for (int64_t t = n - 1; t < rows; t += TILE) {
        int64_t end = t + TILE < rows ? t + TILE : rows;
        for (int64_t i = t; i < end; i++) r[i] = a[i] = b[i] = 0.0;
        for (int64_t k = 1; k < n; k++)
            for (int64_t i = t; i < end; i++) {
                double dx = x[i - k] - x[i], dy = y[i - k] - y[i];
                a[i] += dx;
                b[i] += dy;
                r[i] += dx * dy;
            }
        for (int64_t i = t; i < end; i++) r[i] = (r[i] - a[i] * b[i] / (double)n) / (double)freedom;
    }
}

/* Extremes by doubling: two overlapping windows of a power of two cover n values. */
#define EXTREME(name, pick)                                                                         \
    WIDE static void name##_pair(double *restrict r, const double *restrict x, int64_t k,           \
                                 int64_t from, int64_t rows) {                                      \
        for (int64_t i = from; i < rows; i++) { double a = x[i], b = x[i - k]; r[i] = pick(a, b); } \
    }                                                                                               \
    void name(double *r, const double *x, int64_t n, double *u, double *v, int64_t rows) {          \
        const double *now = x;                                                                      \
        int64_t width = 1;                                                                          \
        for (; 2 * width <= n; width *= 2) {                                                        \
            name##_pair(u, now, width, 2 * width - 1, rows);                                        \
            now = u;                                                                                \
            double *other = u; u = v; v = other;                                                    \
        }                                                                                           \
        blank(r, n - 1, rows);                                                                      \
        if (n > width) name##_pair(r, now, n - width, n - 1, rows);                                 \
        else for (int64_t i = n - 1; i < rows; i++) r[i] = now[i];                                  \
    }
EXTREME(lowest, LOW)
EXTREME(highest, HIGH)

WIDE void dot(double *restrict r, const double *restrict x, const double *restrict weights, int64_t n,
                     int64_t rows) {
    blank(r, n - 1, rows);
    for (int64_t t = n - 1; t < rows; t += TILE) {
        int64_t end = t + TILE < rows ? t + TILE : rows;
        for (int64_t i = t; i < end; i++) r[i] = x[i] * weights[0];
        for (int64_t k = 1; k < n; k++) {
            const double *old = x - k;
            double w = weights[k];
            for (int64_t i = t; i < end; i++) r[i] += old[i] * w;
        }
    }
}

/* How many of the sorted values lie below `value`; no branch depends on the values. */
static int64_t place(const double *sorted, int64_t count, double value) {
    const double *low = sorted;
    while (count > 1) {
        int64_t half = count / 2;
        low += low[half - 1] < value ? half : 0;
        count -= half;
    }
    return low - sorted + (count && *low < value);
}

static double quantile_of(const double *sorted, int64_t count, double q) {
    double at = q * (double)(count - 1);
    int64_t below = (int64_t)at;
    double part = at - (double)below;
    return below + 1 < count ? sorted[below] + part * (sorted[below + 1] - sorted[below]) : sorted[below];
}

/* One value leaves the sorted ones and one enters, either of them perhaps unknown; only what lies between moves. */
static int64_t exchange(double *sorted, int64_t count, double leaving, double entering) {
    int64_t from = leaving == leaving ? place(sorted, count, leaving) : count;
    int64_t to = entering == entering ? place(sorted, count, entering) : count;
    count -= leaving == leaving;
    if (entering != entering) {
        if (leaving == leaving) memmove(sorted + from, sorted + from + 1, (size_t)(count - from) * sizeof(double));
        return count;
    }
    if (to > from) {
        to--;
        memmove(sorted + from, sorted + from + 1, (size_t)(to - from) * sizeof(double));
    } else {
        memmove(sorted + to + 1, sorted + to, (size_t)(from - to) * sizeof(double));
    }
    sorted[to] = entering;
    return count + 1;
}

/* Two quantiles of the previous n known values (the current one not among them), at least `least` of them. */
void quantiles(double *low, double *high, const double *x, int64_t n, int64_t least, double p, double q,
                      double *sorted, int64_t rows) {
    int64_t count = 0;
    for (int64_t i = 0; i < rows; i++) {
        low[i] = count >= least ? quantile_of(sorted, count, p) : NAN;
        high[i] = count >= least ? quantile_of(sorted, count, q) : NAN;
        count = exchange(sorted, count, i >= n ? x[i - n] : NAN, x[i]);
    }
}

/* Bars since the flag was last 1, at most n. */
void since(double *r, const double *flag, int64_t n, int64_t rows) {
    int64_t last = -n;
    EACH {
        if (flag[i] == 1.0) last = i;
        r[i] = (double)(i - last < n ? i - last : n);
    }
}
