/* Exponential smoothing, several recursions at once. */
#include "machine.h"

/* s = alpha x + (1 - alpha) s; an unknown value leaves s as it is. */
static void smooth_one(Smoothing *l, int64_t from, int64_t rows) {
    double s = l->s, alpha = l->alpha, rest = l->rest, *r = l->r;
    const double *x = l->x;
    for (int64_t i = from; i < rows; i++) {
        double a = x[i];
        if (__builtin_expect(a == a, 1)) r[i] = s = alpha * a + rest * s;
        else r[i] = NAN;
    }
}

/* A recursion waits for its own last step; four of them wait at the same time. A slot that one lane reads may be
 * the one another writes: every row is read by all before any writes it. */
static void smooth_four(Smoothing *l, int64_t from, int64_t rows) {
    double s0 = l[0].s, s1 = l[1].s, s2 = l[2].s, s3 = l[3].s;
    for (int64_t i = from; i < rows; i++) {
        double a = l[0].x[i], b = l[1].x[i], c = l[2].x[i], d = l[3].x[i];
        if (__builtin_expect(a == a && b == b && c == c && d == d, 1)) {
            l[0].r[i] = s0 = l[0].alpha * a + l[0].rest * s0;
            l[1].r[i] = s1 = l[1].alpha * b + l[1].rest * s1;
            l[2].r[i] = s2 = l[2].alpha * c + l[2].rest * s2;
            l[3].r[i] = s3 = l[3].alpha * d + l[3].rest * s3;
        } else {
            l[0].r[i] = a == a ? (s0 = l[0].alpha * a + l[0].rest * s0) : NAN;
            l[1].r[i] = b == b ? (s1 = l[1].alpha * b + l[1].rest * s1) : NAN;
            l[2].r[i] = c == c ? (s2 = l[2].alpha * c + l[2].rest * s2) : NAN;
            l[3].r[i] = d == d ? (s3 = l[3].alpha * d + l[3].rest * s3) : NAN;
        }
    }
}

void smooth(Smoothing *lanes, int64_t count, int64_t rows) {
    int64_t from = 0, waiting = 1;
    for (; from < rows && waiting; from++) { /* until every lane has begun */
        waiting = 0;
        double given[LANES];
        for (int64_t k = 0; k < count; k++) given[k] = lanes[k].x[from];
        for (int64_t k = 0; k < count; k++) {
            Smoothing *l = lanes + k;
            double a = given[k];
            int early = l->kept && from < l->first;
            l->r[from] = a != a || early ? NAN : (l->s = l->s == l->s ? l->alpha * a + l->rest * l->s : a);
            waiting |= l->s != l->s || (l->kept && from + 1 < l->first);
        }
    }
    if (count == LANES) smooth_four(lanes, from, rows);
    else for (int64_t k = 0; k < count; k++) smooth_one(lanes + k, from, rows);
    for (int64_t k = 0; k < count; k++) {
        Smoothing *l = lanes + k;
        *l->keep = l->kept ? *l->kept : NAN;
        for (int64_t i = l->keep_row < rows ? l->keep_row : rows - 1; i >= (l->kept ? l->first : 0); i--)
            if (l->r[i] == l->r[i]) { *l->keep = l->r[i]; break; }
    }
}
