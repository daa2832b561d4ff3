/** Prices LIBRARY: Java's threads call rules in Scheme, which call Java back; prices_jni.c is between. */
import java.util.Map;
import java.util.concurrent.*;

public class Prices {
  static native int begin();
  static native double price(String thing, int count) throws IllegalArgumentException;

  static final Map<String, Double> stock = Map.of("apple", 0.5, "brick", 2.0, "crane", 50000.0);

  /** Called by Scheme. What it throws comes out of price(). */
  static double ask(String thing) {
    if (thing.equals("curse")) throw new IllegalStateException("not for sale: " + thing);
    return stock.getOrDefault(thing, Double.NaN);
  }

  public static void main(String[] arguments) throws Exception {
    System.load(arguments[0]);
    if (begin() != 0) throw new Error("the rules do not begin");
    String[] things = {"apple", "brick", "crane"};
    ExecutorService pool = Executors.newFixedThreadPool(8);
    @SuppressWarnings("unchecked") Future<Double>[] prices = new Future[300];
    for (int n = 0; n < prices.length; n++) {
      final int count = n;
      prices[n] = pool.submit(() -> price(things[count % 3], count));
    }
    double sum = 0;
    for (Future<Double> price : prices) sum += price.get();
    pool.shutdown();
    System.out.println("the sum is " + (long) sum);
    for (String thing : new String[] {"dream", "curse"})
      try {
        price(thing, 1);
      } catch (RuntimeException error) {
        System.out.println(error.getMessage());
      }
  }
}
