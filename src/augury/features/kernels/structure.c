/* Levels, pivots and the volume profile: what those who draw on charts see in a window of prices.
 *
 * From one bar to the next go positions, values kept as they are, and sums nobody touched: nothing
 * that a fresh start would round differently. Every answer is that of its own window, bit for bit.
 * The callers keep windows within LONGEST bars and MOST_BINS bins.
 */
#include "machine.h"

#define LONGEST 256
#define MOST_BINS 64
#define ROUNDING 1e-12 /* of a price: FLAT of language.py; prices no further apart count as equal */
#define NODE 1.5       /* a node holds more than this many times the volume of the mean bin */

/* Does x[at] stand above `around` values on either side? Of equal values the first does. */
static int peak(const double *x, int64_t at, int64_t around, double sign) {
    double here = sign * x[at];
    for (int64_t k = 1; k <= around; k++)
        if (!(here > sign * x[at - k] && here >= sign * x[at + k])) return 0;
    return 1;
}

typedef struct {
    double sorted[LONGEST];   /* values of the extremes in the window */
    int64_t places[LONGEST];  /* a ring of where they stand, oldest at `oldest` */
    int64_t oldest, count;
} Extremes;

static void enter(Extremes *e, const double *x, int64_t at) {
    int64_t k = e->count++;
    e->places[(e->oldest + k) % LONGEST] = at;
    for (; k > 0 && e->sorted[k - 1] > x[at]; k--) e->sorted[k] = e->sorted[k - 1];
    e->sorted[k] = x[at];
}

static void leave(Extremes *e, const double *x) {
    double gone = x[e->places[e->oldest]];
    int64_t k = 0;
    while (e->sorted[k] != gone) k++;
    for (e->count--; k < e->count; k++) e->sorted[k] = e->sorted[k + 1];
    e->oldest = (e->oldest + 1) % LONGEST;
}

/* Upward through the extremes: those within reach of the lowest of them are one level, at their mean.
 * The mean is taken of distances from the lowest, so that equal values give exactly that value. */
static void nearest_levels(const Extremes *e, double price, double within, double *found) {
    double slack = ROUNDING * price;
    for (int64_t k = 0, next; k < e->count; k = next) {
        double base = e->sorted[k], more = 0.0;
        for (next = k + 1; next < e->count && e->sorted[next] - base <= within + slack; next++)
            more += e->sorted[next] - base;
        double level = next > k + 1 ? base + more / (double)(next - k) : base;
        int64_t side = level <= price + slack ? 0 : 2;
        found[side] = side == 0 && level > price ? price : level;
        found[side + 1] = (double)(next - k);
        if (side == 2) return;
    }
}

/* out: highest level at or below the price, its extremes; lowest level above it, its extremes. No level: NaN, 0. */
void levels(const double *x, const double *within, double **out, int64_t rows, int32_t n, int32_t around) {
    Extremes e = {.oldest = 0, .count = 0};
    for (int64_t i = 0; i < rows; i++) {
        int64_t at = i - around, first = i - n + 1;
        if (e.count && e.places[e.oldest] - around < first) leave(&e, x);
        if (at >= around && (peak(x, at, around, 1.0) || peak(x, at, around, -1.0))) enter(&e, x, at);
        int known = first >= 0 && x[i] == x[i] && within[i] == within[i];
        double found[4] = {NAN, known ? 0.0 : NAN, NAN, known ? 0.0 : NAN};
        if (known) nearest_levels(&e, x[i], within[i], found);
        for (int k = 0; k < 4; k++) out[k][i] = found[k];
    }
}

/* The latest high and the one before it among those that stand out of `around` bars on either side, all of
 * them in the window. */
void pivots(const double *x, double **out, int64_t rows, int32_t n, int32_t around) {
    int64_t latest = -1, previous = -1;
    for (int64_t i = 0; i < rows; i++) {
        int64_t at = i - around, first = i - n + 1;
        if (at >= around && peak(x, at, around, 1.0)) {
            previous = latest;
            latest = at;
        }
        out[0][i] = first >= 0 && latest - around >= first ? x[latest] : NAN;
        out[1][i] = first >= 0 && previous - around >= first ? x[previous] : NAN;
    }
}

/* Bars of a bin hang together, oldest first: next[LINK(i)] is the bar that follows bar i in its bin, next[end[k]]
 * is where the next bar of bin k will be written: behind its newest bar, or in next[k] while it is empty. */
#define LINK(i) (MOST_BINS + (i) % LONGEST)
#define LANES 4

typedef struct {
    double volume[MOST_BINS]; /* of each bin: its bars added oldest first; 0 behind the last bin */
    int64_t next[MOST_BINS + LONGEST];
    int32_t end[MOST_BINS], bin[LONGEST];
    double low, high;
    int64_t bins;
} Shelves;

/* A price within rounding of a border lies above it, so that no scaling of prices moves it across. */
WIDE static void bins_of(const Shelves *s, const double *restrict prices, int64_t count, int32_t *restrict bin) {
    double shift = ROUNDING * s->high - s->low, scale = (double)s->bins / (s->high - s->low);
    double last = (double)(s->bins - 1);
    for (int64_t i = 0; i < count; i++) {
        double at = (prices[i] + shift) * scale;
        at = at > 0.0 ? at : 0.0;
        bin[i] = (int32_t)(at < last ? at : last);
    }
}

static void put(Shelves *s, uint64_t i, int32_t k, double weight) {
    s->bin[i % LONGEST] = k;
    s->next[s->end[k]] = (int64_t)i;
    s->next[LINK(i)] = -1;
    s->end[k] = (int32_t)LINK(i);
    s->volume[k] += weight;
}

/* The oldest bar of the window is the oldest of its bin; what stays is added up again, in the same order. */
static void take(Shelves *s, const double *weight, uint64_t i) {
    int32_t k = s->bin[i % LONGEST];
    int64_t j = s->next[LINK(i)];
    if (j < 0) s->end[k] = k;
    for (s->volume[k] = 0.0; j >= 0; j = s->next[LINK((uint64_t)j)]) s->volume[k] += weight[j];
}

static void arrange(Shelves *s, const double *x, const double *weight, int64_t first, int64_t last) {
    int32_t bin[LONGEST];
    for (int32_t k = 0; k < MOST_BINS; k++) {
        s->volume[k] = 0.0;
        s->end[k] = k;
    }
    bins_of(s, x + first, last - first + 1, bin);
    for (int64_t i = first; i <= last; i++) put(s, (uint64_t)i, bin[i - first], weight[i]);
}

static double centre(const Shelves *s, int64_t k) {
    return s->low + ((double)k + 0.5) / (double)s->bins * (s->high - s->low);
}

/* Total and the three largest, in lanes that are then merged. */
WIDE static void largest(const double *restrict volume, int64_t bins, double *restrict found) {
    double sum[LANES] = {0}, a[LANES] = {0}, b[LANES] = {0}, c[LANES] = {0};
    for (int64_t k = 0; k < bins; k += LANES)
        for (int64_t l = 0; l < LANES; l++) {
            double v = volume[k + l], under = v < a[l] ? v : a[l], least = under < b[l] ? under : b[l];
            sum[l] += v;
            a[l] = v > a[l] ? v : a[l];
            b[l] = under > b[l] ? under : b[l];
            c[l] = least > c[l] ? least : c[l];
        }
    double all[3 * LANES], first = 0.0, second = 0.0, third = 0.0;
    for (int64_t l = 0; l < LANES; l++) { all[l] = a[l]; all[LANES + l] = b[l]; all[2 * LANES + l] = c[l]; }
    for (int64_t l = 0; l < 3 * LANES; l++) {
        double v = all[l], under = v < first ? v : first, least = under < second ? under : second;
        first = v > first ? v : first;
        second = under > second ? under : second;
        third = least > third ? least : third;
    }
    found[0] = (sum[0] + sum[2]) + (sum[1] + sum[3]);
    found[1] = first;
    found[2] = first + second + third;
}

/* A bit for each bin that holds more than `enough`. */
WIDE static uint64_t fuller(const double *volume, int64_t bins, double enough) {
    uint64_t found = 0;
    for (int64_t k = 0; k < bins; k++) found |= (uint64_t)(volume[k] > enough) << k;
    return found;
}

/* Distance of the nearest of some bins, infinite when there is none. */
static double nearest_centre(const Shelves *s, uint64_t nodes, double price) {
    int32_t at;
    bins_of(s, &price, 1, &at);
    uint64_t below = nodes & (UINT64_MAX >> (63 - at)), above = nodes & ~(UINT64_MAX >> (63 - at));
    double down = below ? fabs(price - centre(s, 63 - __builtin_clzll(below))) : INFINITY;
    double up = above ? fabs(price - centre(s, __builtin_ctzll(above))) : INFINITY;
    return down < up ? down : up;
}

/* found: centre of the fullest bin (of equals the lowest), distance of the nearest node, share of the three fullest. */
static void read_shelves(const Shelves *s, double price, double *found) {
    double top[3]; /* total, fullest, three fullest */
    int64_t fullest = 0;
    largest(s->volume, s->bins, top);
    if (!(top[0] > 0.0) || price != price) return;
    while (s->volume[fullest] != top[1]) fullest++;
    found[0] = centre(s, fullest);
    found[1] = nearest_centre(s, fuller(s->volume, s->bins, NODE * top[0] / (double)s->bins), price);
    found[2] = top[2] / top[0];
}

/* Where the lowest (sign -1: highest) value of a window stands, from where that of the window before stood. */
static int64_t lowest_at(const double *x, int64_t at, int64_t first, int64_t last, double sign) {
    int64_t from = at < first ? first : last;
    if (at < first) at = first;
    for (int64_t i = from; i <= last; i++)
        if (sign * x[i] < sign * x[at]) at = i;
    return at;
}

static int unknown_at(const double *x, const double *weight, int64_t i) {
    return x[i] != x[i] || weight[i] != weight[i];
}

/* in: prices, their weights, the price a node is near to; out: see read_shelves. NaN without weight or spread. */
void profile(const double *const *in, double **out, int64_t rows, int32_t n, int32_t bins) {
    const double *x = in[0], *weight = in[1];
    int64_t low = -1, high = -1, unknown = 0;
    Shelves s = {.low = NAN, .high = NAN, .bins = bins};
    for (int64_t i = 0; i < rows; i++) {
        int64_t first = i - n + 1;
        double found[3] = {NAN, NAN, NAN};
        unknown += unknown_at(x, weight, i);
        if (first > 0) unknown -= unknown_at(x, weight, first - 1);
        if (first < 0 || unknown) {
            low = high = -1;
            s.low = NAN;
        } else {
            low = lowest_at(x, low, first, i, 1.0);
            high = lowest_at(x, high, first, i, -1.0);
            if (x[low] == s.low && x[high] == s.high) {
                int32_t bin;
                bins_of(&s, x + i, 1, &bin);
                take(&s, weight, (uint64_t)(first - 1));
                put(&s, (uint64_t)i, bin, weight[i]);
            } else {
                s.low = x[low];
                s.high = x[high];
                arrange(&s, x, weight, first, i);
            }
            if (s.high - s.low > ROUNDING * s.high) read_shelves(&s, in[2][i], found);
        }
        for (int k = 0; k < 3; k++) out[k][i] = found[k];
    }
}
