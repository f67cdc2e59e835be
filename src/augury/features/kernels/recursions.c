/* Recursions that remember more than one number: the adaptive SuperTrend and the swings of a zigzag.
 *
 * A step moves the remembered numbers one bar on and gives what is known at its close. All of a
 * recursion's memory is in those numbers, so it goes on from a kept state bit for bit. Before its
 * first bar every number is NaN. Prices no further apart than rounding count as equal.
 */
#include "machine.h"

#include <string.h>

#define ROUNDING 1e-12 /* of a price: FLAT of language.py */
#define FACTORS 9      /* 1.0 to 5.0 in steps of 0.5 */
#define ALPHA (2.0 / 11.0)
#define SAME 1e-9      /* performances closer than this share of the mean move are equal */

typedef struct { double upper, lower, trend, score; } Bands; /* score: performance, or strength of the adaptive line */
typedef struct { Bands each[FACTORS], line; double close, move; } Supertrend;
typedef struct { double price, age; } Point;
typedef struct { Point extreme, against, last, before; double leg; } Swings;

static double factor_of(int64_t k) { return 1.0 + 0.5 * (double)k; }

/* Bands only tighten while the close stays within them; a close beyond one turns the trend. */
static void tighten(Bands *b, double close, double previous, double middle, double reach) {
    double slack = ROUNDING * close, upper = middle + reach, lower = middle - reach;
    b->upper = previous <= b->upper + slack && b->upper < upper ? b->upper : upper;
    b->lower = previous >= b->lower - slack && b->lower > lower ? b->lower : lower;
    if (close > b->upper + slack) b->trend = 1.0;
    else if (close < b->lower - slack) b->trend = -1.0;
}

static void open_bands(Bands *b, double close, double middle, double reach) {
    *b = (Bands){middle + reach, middle - reach, close >= middle ? 1.0 : -1.0, 0.0};
}

/* Three clusters of the sorted scores, from their quartiles on; the first place of the best that is not empty. */
static int64_t best_cluster(const double *score, double slack) {
    double centre[3] = {score[2], score[4], score[6]};
    int64_t cut[4] = {0, -1, -1, FACTORS};
    for (int round = 0; round < FACTORS; round++) {
        int64_t a = 0, b;
        while (a < FACTORS && score[a] <= (centre[0] + centre[1]) / 2.0 + slack) a++;
        for (b = a; b < FACTORS && score[b] <= (centre[1] + centre[2]) / 2.0 + slack;) b++;
        if (a == cut[1] && b == cut[2]) break;
        cut[1] = a;
        cut[2] = b;
        for (int c = 0; c < 3; c++) {
            double sum = 0.0;
            for (int64_t k = cut[c]; k < cut[c + 1]; k++) sum += score[k];
            if (cut[c + 1] > cut[c]) centre[c] = sum / (double)(cut[c + 1] - cut[c]);
        }
    }
    return cut[2] < FACTORS ? cut[2] : (cut[1] < FACTORS ? cut[1] : 0);
}

/* found: factor, the mean of the best cluster; how well its members did, as a share of the mean move. */
static void choose_factor(const Supertrend *s, double *found) {
    double score[FACTORS], factor[FACTORS], sum = 0.0, gain = 0.0;
    for (int64_t k = 0; k < FACTORS; k++) {
        int64_t at = k;
        for (; at > 0 && score[at - 1] > s->each[k].score; at--) {
            score[at] = score[at - 1];
            factor[at] = factor[at - 1];
        }
        score[at] = s->each[k].score;
        factor[at] = factor_of(k);
    }
    int64_t first = best_cluster(score, SAME * s->move);
    for (int64_t k = first; k < FACTORS; k++) {
        sum += factor[k];
        gain += score[k];
    }
    found[0] = sum / (double)(FACTORS - first);
    gain /= (double)(FACTORS - first);
    found[1] = gain > 0.0 && s->move > 0.0 ? (gain < s->move ? gain / s->move : 1.0) : 0.0;
}

/* in: close, middle of the bar, average range; found: up, line, factor, performance, strength of the last turn. */
static void supertrend_step(void *memory, const double *in, double *found) {
    Supertrend *s = memory;
    double close = in[0], previous = s->close, change = close - previous, choice[2];
    int fresh = previous != previous;
    if (fresh) s->move = 0.0;
    else s->move += ALPHA * (fabs(change) - s->move);
    for (int64_t k = 0; k < FACTORS; k++) {
        Bands *b = s->each + k;
        if (fresh) {
            open_bands(b, close, in[1], factor_of(k) * in[2]);
        } else {
            b->score += ALPHA * (change * b->trend - b->score);
            tighten(b, close, previous, in[1], factor_of(k) * in[2]);
        }
    }
    choose_factor(s, choice);
    double before = s->line.trend;
    if (fresh) open_bands(&s->line, close, in[1], choice[0] * in[2]);
    else tighten(&s->line, close, previous, in[1], choice[0] * in[2]);
    if (s->line.trend != before) s->line.score = 10.0 * choice[1];
    s->close = close;
    found[0] = s->line.trend > 0.0 ? 1.0 : 0.0;
    found[1] = s->line.trend > 0.0 ? s->line.lower : s->line.upper;
    found[2] = choice[0];
    found[3] = choice[1];
    found[4] = s->line.score;
}

/* The running leg ends when the price has come back far enough from its extreme, which is then a swing. */
static void turn(Swings *s, double close, double range) {
    double back = s->leg * (s->extreme.price - close), slack = ROUNDING * close;
    int far = back >= 1.2 * range - slack, quick = back >= 0.5 * range - slack && s->extreme.age < 5.0;
    if (back <= slack || !(far || quick)) return;
    s->before = s->last;
    s->last = s->extreme;
    s->extreme = s->against;
    s->against = (Point){close, 0.0};
    s->leg = -s->leg;
}

/* in: close, average range; found: the latest confirmed swing and bars since it, the one before and bars since it.
 * Until there are two the symbol's first close stands for them. */
static void swings_step(void *memory, const double *in, double *found) {
    Swings *s = memory;
    double close = in[0];
    if (s->leg != s->leg) {
        Point here = {close, 0.0};
        *s = (Swings){here, here, here, here, 1.0};
    } else {
        s->extreme.age++; s->against.age++; s->last.age++; s->before.age++;
        if (s->leg * close > s->leg * s->extreme.price) {
            s->extreme = s->against = (Point){close, 0.0};
        } else if (s->leg * close < s->leg * s->against.price) {
            s->against = (Point){close, 0.0};
        }
        turn(s, close, in[1]);
    }
    found[0] = s->last.price;
    found[1] = s->last.age;
    found[2] = s->before.price;
    found[3] = s->before.age;
}

static const Recursion SUPERTREND_OF = {supertrend_step, 3, 5, sizeof(Supertrend) / sizeof(double)};
static const Recursion SWINGS_OF = {swings_step, 2, 4, sizeof(Swings) / sizeof(double)};

const Recursion *supertrend(void) { return &SUPERTREND_OF; }
const Recursion *swings(void) { return &SWINGS_OF; }

/* Bars with an unknown operand are passed over. `first` rows are blank when the state was kept, see smooth(). */
void walk(const Recursion *what, const double *const *in, double *const *out, int64_t first, const double *kept,
          double *keep, int64_t keep_row, int64_t rows) {
    double state[MOST_STATES], now[4], found[8];
    size_t size = (size_t)what->states * sizeof(double);
    for (int64_t k = 0; k < what->states; k++) state[k] = kept ? kept[k] : NAN;
    int64_t from = kept ? (first < rows ? first : rows) : 0;
    if (keep_row == from - 1) memcpy(keep, state, size);
    for (int64_t i = 0; i < rows; i++) {
        int known = i >= from;
        for (int64_t k = 0; k < what->operands; k++) {
            now[k] = in[k][i];
            known = known && now[k] == now[k];
        }
        for (int64_t k = 0; k < what->results; k++) found[k] = NAN;
        if (known) what->step(state, now, found);
        for (int64_t k = 0; k < what->results; k++) out[k][i] = found[k];
        if (i == keep_row && i >= from) memcpy(keep, state, size);
    }
}
